// `npm run lock`: completes package-lock.json with the packages made for other kinds of machines; with
// `--check` it only says what is missing.
//
// npm leaves out of the lock those optional packages that it could not see while it wrote it (a mirror
// without them, an older node_modules: npm/cli#4828), and `npm ci` then refuses the lock on every machine.
// Each is named, with its exact version, by the package that wants it, and its name tells the system and
// the processor; its digest is not to be had here, so npm takes what the registry has for that version.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';

const SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];
const EXACT_VERSION = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

const file = join(root, 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const added = [];
for (const [path, parent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    if (isLocked(path, name)) continue;
    if (!EXACT_VERSION.test(version))
      throw new Error(`${path} wants ${name} ${version}: no exact version to lock`);
    lock.packages[`node_modules/${name}`] = entry(name, version, parent);
    added.push(name);
  }
}
if (process.argv.includes('--check')) {
  if (added.length > 0) {
    console.error(`package-lock.json lacks:\n  ${added.join('\n  ')}\nComplete it with: npm run lock`);
    process.exit(1);
  }
} else {
  const inOrder = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(inOrder) }, null, 2)}\n`);
  console.log(added.length === 0 ? 'Nothing was missing.' : `Added:\n  ${added.join('\n  ')}`);
}

/** Node looks for a package beside the one that wants it, and then further and further out. */
function isLocked(path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (lock.packages[folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`]) return true;
    if (folder === '') return false;
  }
}

function entry(name, version, parent) {
  const words = name.split(/[/-]/);
  const system = words.find((word) => SYSTEMS.includes(word));
  const processor = words.find((word) => PROCESSORS.includes(word));
  if (!processor || !system) throw new Error(`${name} does not tell the machine it is for`);
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc';
  return {
    version,
    cpu: [processor],
    ...(parent.dev && { dev: true }),
    ...(system === 'linux' && { libc: [libc] }),
    optional: true,
    os: [system],
  };
}
