// Runs at installation: builds the addon.
'use strict';
const { spawnSync } = require('node:child_process');
process.exitCode = spawnSync('make', ['-C', __dirname], { stdio: 'inherit' }).status ?? 1;
