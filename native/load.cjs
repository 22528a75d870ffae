// Loads the addon: the one built here.
'use strict';
module.exports = require('./build/acceptd.node');
