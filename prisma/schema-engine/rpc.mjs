import { createInterface } from 'node:readline';

/** The code Prisma's native engine gives every error of its own, told apart by `data.error_code`. */
const ENGINE_ERROR = 4466;
const METHOD_NOT_FOUND = -32601;

/**
 * Serves JSON-RPC 2.0, one message a line, until the input ends. Requests are answered one after
 * the other: they share one database session.
 *
 * @param methods object from method name to `async (params) => result`
 */
export async function serve(methods, input, output) {
  const send = (message) => output.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  let prints = 0;

  for await (const line of createInterface({ input })) {
    if (line.trim() === '') continue;
    const { id, method, params } = JSON.parse(line);
    if (method === undefined) continue; // The CLI's answer to a `print`.

    if (!Object.hasOwn(methods, method)) {
      send({ id, error: { code: METHOD_NOT_FOUND, message: `Method not found: ${method}` } });
      continue;
    }
    try {
      const result = (await methods[method](params)) ?? null;
      // What a command prints goes ahead of its result; the native engine does not wait either.
      if (result?.stdout)
        send({ id: `print-${++prints}`, method: 'print', params: { content: result.stdout } });
      send({ id, result });
    } catch (error) {
      send({ id, error: asEngineError(error) });
    }
  }
}

function asEngineError({ message, code }) {
  const data = { is_panic: false, message, meta: null, error_code: /^P\d{4}$/.test(code) ? code : undefined };
  return { code: ENGINE_ERROR, message: 'An error happened. Check the data field for details.', data };
}
