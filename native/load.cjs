// Loads the addon: the one that ACCEPTD_ADDON names (for tests), else the one built here, else the prebuilt one. Knows too
// where the guard is, a program that belongs to each of them.
'use strict';
const { existsSync } = require('node:fs');
const { dirname, join, resolve } = require('node:path');

const built = join(__dirname, 'build', 'acceptd.node');
// One for each processor; it serves glibc and musl (portable/no-unwinder.cc), so nobody has to ask which this is.
const prebuilt = join(__dirname, 'prebuilds', `${process.platform}-${process.arch}.node`);

const named = process.env.ACCEPTD_ADDON;
const file = named ? resolve(named) : existsSync(built) ? built : prebuilt;

try {
  module.exports = require(file);
  module.exports.guardProgram =
    file === prebuilt ? file.replace(/\.node$/, '-guard') : join(dirname(file), 'acceptd-guard');
} catch (error) {
  const why = existsSync(file) ? error.message : 'no such file';
  const advice = named
    ? 'ACCEPTD_ADDON names it'
    : `to build it, install make and g++ and run: make -C ${__dirname}`;
  const message = `cannot load the native addon ${file}: ${why}; ${advice}`;
  throw Object.assign(new Error(message, { cause: error }), { code: 'ERR_NO_ADDON' });
}
