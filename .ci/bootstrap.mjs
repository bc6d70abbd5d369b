// Makes a fresh clone runnable and hands over: installs the locked packages if they are not there, finds a Node that runs
// TypeScript, and runs the given script with it. Plain JavaScript for Node 20, since it is what a host may have.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const neededMajor = 24;

const lockHash = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
const stamp = join(root, 'node_modules', '.workload-protection-lock');

const installPackages = () => {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash()) return;
  process.stderr.write('installing packages (npm ci) …\n');
  // esbuild's and other install scripts are not needed: their binaries come as packages of their own.
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) {
    process.stderr.write('npm ci failed: see above. It needs the npm registry, or a filled npm cache.\n');
    process.exit(1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lockHash());
};

/** The packaged Node first, so that everybody runs the same; else the host's, if it is new enough. */
const findNode = () => {
  const packaged = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(packaged)) return packaged;
  if (Number(process.versions.node.split('.')[0]) >= neededMajor) return process.execPath;
  process.stderr.write(
    `Node.js ${neededMajor} is needed and neither packaged for ${process.platform}-${process.arch} nor installed (this is ${process.version}).\n`,
  );
  process.exit(1);
};

const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
  process.stderr.write('usage: node .ci/bootstrap.mjs SCRIPT [ARGUMENTS]\n');
  process.exit(2);
}
installPackages();
const node = findNode();
const child = spawn(node, [join(root, script), ...args], {
  stdio: 'inherit',
  env: { ...process.env, PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter) },
});
// The terminal sends Ctrl-C to both; who waits for the child must not end before it.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
