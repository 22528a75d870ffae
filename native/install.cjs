// Runs at installation: takes the prebuilt addon if one fits this machine, otherwise builds one; the guard goes with it.
'use strict';
const { spawnSync } = require('node:child_process');
const { chmodSync, existsSync } = require('node:fs');
const { availableParallelism } = require('node:os');
const { join } = require('node:path');

/** Why the prebuilt addon cannot be taken; undefined if it can. */
function whyNotPrebuilt() {
  // Only a checkout has this file: whoever works on the sources wants what they say.
  if (existsSync(join(__dirname, '..', 'tsconfig.json'))) return 'this is a checkout';
  const prebuilt = join(__dirname, 'prebuilds', `${process.platform}-${process.arch}.node`);
  if (!existsSync(prebuilt)) return `there is no prebuilt addon for ${process.platform}-${process.arch}`;
  const guard = prebuilt.replace(/\.node$/, '-guard');
  if (!existsSync(guard)) return `there is no prebuilt guard for ${process.platform}-${process.arch}`;
  try {
    require(prebuilt);
    chmodSync(guard, 0o755);
    return undefined;
  } catch (error) {
    return `the prebuilt addon does not load: ${error.message}`;
  }
}

function runs(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

function build(reason) {
  const compiler = process.env.CXX || 'g++';
  const missing = ['make', compiler.split(' ')[0]].filter((program) => !runs(program));
  if (missing.length > 0) {
    console.error(
      `acceptd: cannot build the native addon (${reason}): ${missing.join(' and ')} not found; ` +
        'install a C++ compiler and make (Debian: apt-get install g++ make) and try again',
    );
    return 1;
  }
  const make = spawnSync('make', ['-C', __dirname, `-j${availableParallelism()}`, `CXX=${compiler}`], {
    stdio: 'inherit',
  });
  return make.status ?? 1;
}

const reason = whyNotPrebuilt();
process.exitCode = reason === undefined ? 0 : build(reason);
