import t from 'tap';
import { controlPath } from '../../../src/operate/control/place.ts';

const user = 1000;
const XDG_RUNTIME_DIR = '/run/user/1000';

t.equal(controlPath({ ACCEPTD_CONTROL: '/a' }, '/b', user), '/b', 'the command line decides');
t.equal(controlPath({ ACCEPTD_CONTROL: '/a', RUNTIME_DIRECTORY: '/run/x' }, undefined, 0), '/a');
t.equal(controlPath({ ACCEPTD_CONTROL: '' }, undefined, 0), undefined, 'empty is a wish for none');
t.equal(controlPath({ RUNTIME_DIRECTORY: '/run/x:/run/y' }, undefined, user), '/run/x/control');
t.equal(controlPath({ RUNTIME_DIRECTORY: 'x', XDG_RUNTIME_DIR }, undefined, 0), '/run/acceptd/control');
t.equal(controlPath({ XDG_RUNTIME_DIR }, undefined, user), '/run/user/1000/acceptd/control');
t.equal(controlPath({}, undefined, user), undefined, 'a user without a directory of his own has none');
