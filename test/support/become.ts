// Becomes the program that its arguments name, with one variable and one descriptor; says why if it cannot. For exec.test.ts.
import { openSync, readFile } from 'node:fs';
import { descriptorOf } from '../../src/model/descriptor.ts';
import { execProgram } from '../../src/native/exec.ts';

const [path = '', ...argv] = process.argv.slice(2);
const kept = openSync('/dev/null', 'r');
openSync('/dev/zero', 'r');
process.stdout.write(`${process.pid} ${kept}\n`);
// the threads of the pool are at work meanwhile
for (let count = 0; count < 8; count++) readFile('/proc/self/smaps', () => undefined);
process.on('SIGHUP', () => undefined);
const { message, code } = execProgram(path, argv, { GREETING: 'hello', ABSENT: undefined }, [
  descriptorOf(kept),
]);
process.stdout.write(`${code} ${message}\n`);
