/** The environment for a program that the service starts: its own, and these variables over it. */
export function environmentWith(variables: Record<string, string>): NodeJS.ProcessEnv {
  return { ...process.env, ...variables };
}
