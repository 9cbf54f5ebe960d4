// `npm start`: from a fresh clone to a running service.
import { ensureReady } from './bootstrap.mjs';

await ensureReady();
// In this very process: signals and the exit code need nobody to pass them on.
await import('../dist/main.js');
