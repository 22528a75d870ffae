// Each kind of record has a number of its own, and the documentation has it too.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { isLoggedKind, levelOf } from '../../src/operate/log.ts';
import { messageIds } from '../../src/operate/message-ids.ts';
import { golden } from '../support/events.ts';

const root = join(import.meta.dirname, '../../..');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(root, 'src', file), 'utf8'));

t.test('each number is of 128 bits, and of one kind', (t) => {
  const ids = [...messageIds.values()];
  t.equal(new Set(ids).size, ids.length);
  for (const id of ids) t.match(id, /^[0-9a-f]{32}$/);
  t.end();
});

t.test('whatever acceptd says of itself has one', (t) => {
  const said = sources.flatMap((text) =>
    [...text.matchAll(/\{\s*event: '([a-z-]+)'/g)].map(([, kind]) => kind),
  );
  t.ok(said.length > 5);
  for (const kind of said) t.ok(messageIds.has(kind ?? ''), `src/operate/message-ids.ts has ${kind}`);
  t.end();
});

t.test('docs/logging.md has the same kinds, levels and numbers', (t) => {
  const text = readFileSync(join(root, 'docs/logging.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `([a-z-]+)` \| ([a-z, ]+) \| .+ \| `([0-9a-f]{32})` \|$/gm)];
  t.strictSame(new Map(rows.map(([, kind = '', , id = '']) => [kind, id])), new Map(messageIds));
  for (const [, kind = '', level] of rows) {
    const event = Object.values(golden).find(([each]) => each.kind === kind)?.[0];
    if (event === undefined || !isLoggedKind(event.kind)) continue;
    const levels = event.kind === 'exited' ? 'info, warn' : levelOf(event.kind);
    t.equal(level, levels, kind);
  }
  t.end();
});
