import { readFile } from 'node:fs/promises';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';

/**
 * Prisma's schema engine on these adapters, as one function `call(method, params)`.
 *
 * @param datamodels pairs of path and text, or undefined where the command needs no schema
 */
export async function createEngine(datamodels, adapters) {
  const panic = panicOfWebAssembly();
  await instantiate();
  const log = (line) => process.stderr.write(line);
  const engine = await Promise.race([
    bindings.SchemaEngine.new({ datamodels }, log, bindMigrationAwareSqlAdapterFactory(adapters)),
    panic,
  ]);
  const answer = async (method, params) => engine[method](params);
  return (method, params) => Promise.race([panic, answer(method, params)]);
}

/** The package's own entry imports its .wasm file as a module, which Node 20 does not without a flag. */
async function instantiate() {
  const code = await readFile(new URL('schema_engine_bg.wasm', packageEntry()));
  const { instance } = await WebAssembly.instantiate(code, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}

/**
 * A promise that rejects when the engine panics. Its code then traps outside of any promise, and the
 * call under way is never answered: without this, Node would exit and the CLI fall silent.
 */
function panicOfWebAssembly() {
  const panic = new Promise((_, reject) => {
    globalThis.PRISMA_WASM_PANIC_REGISTRY = {
      set_message(message) {
        process.once('uncaughtException', () => undefined); // The trap that follows.
        reject(new Error(`The schema engine panicked: ${message}`));
      },
    };
  });
  panic.catch(() => undefined);
  return panic;
}

/** The commit the engine was built from, the last part of its package's version. */
export async function engineCommit() {
  const { version } = JSON.parse(await readFile(new URL('package.json', packageEntry()), 'utf8'));
  return version.split('.').at(-1);
}

function packageEntry() {
  return import.meta.resolve('@prisma/schema-engine-wasm');
}
