// `npm run keys -- create | list | revoke`: access keys by hand; this is how the first one is made. Where only
// the build is, as in a container: `node dist/keys.js create ...`.
import { ensureReady } from './bootstrap.mjs';

await ensureReady();
await import('../dist/keys.js');
