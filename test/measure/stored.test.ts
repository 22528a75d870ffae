// Reading stored results: every form they come in, and what is said of files that hold none.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { test } from 'tap';
import { readResults } from '../../src/measure/stored.ts';
import { errorsOf, failedResult, sampleResult, sampleRuns } from './sample-result.ts';

const schemaFile = join(import.meta.dirname, '../../../docs/bench.schema.json');
const result = sampleResult();
const stored = JSON.stringify(result);
/** As JSON tells it: without the fields that are undefined. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('one object, indented or not, a list, and one object a line are read', async (t) => {
  t.same(plain(readResults(stored, 'a.json')), [plain(result)]);
  t.same(plain(readResults(JSON.stringify(result, null, 2), 'a.json')), [plain(result)]);
  t.equal(readResults(`[${stored},${stored}]`, 'a.json').length, 2);
  t.equal(readResults(`${stored}\n${stored}\r\n\n`, 'a.json').length, 2);
  t.equal(readResults(`\uFEFF${stored}`, 'a.json').length, 1, 'a byte order mark does not matter');
});

test('results without connections, server or floor are read', async (t) => {
  const [read] = readResults(JSON.stringify(failedResult()), 'a.json');
  t.equal(read?.floor, undefined);
  t.equal(read?.errors.refused, 21_330);
});

test('fields of later versions are overlooked', async (t) => {
  t.equal(readResults(JSON.stringify({ ...result, weather: 'fair' }), 'a.json').length, 1);
});

const wrong: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['an empty file', ' \n', /^a\.json: the file is empty; give a file that acceptd bench --json has written$/],
  ['an empty list', '[]', /^a\.json: the list has no result/],
  ['something else', 'hello', /^a\.json: not JSON: .*; give a file/],
  ['an object cut short', stored.slice(0, -20), /^a\.json: not JSON/],
  ['a line cut short', `${stored}\n${stored.slice(0, -9)}\n`, /^a\.json line 2: not JSON/],
  [
    'another object',
    '{"name":"x"}',
    /^a\.json: not a result of acceptd bench: schema is missing, not "acceptd-bench\/1"; give/,
  ],
  ['a number', '7', /not a result of acceptd bench: the result is 7, not an object/],
  [
    'another version',
    '{"schema":"acceptd-bench/9"}',
    /another version of acceptd \(acceptd-bench\/9; this one reads acceptd-bench\/1\); measure again/,
  ],
  [
    'a missing field',
    JSON.stringify({ ...result, settings: { ...result.settings, clients: undefined } }),
    /settings\.clients is missing, not a number/,
  ],
  [
    'a field of another kind',
    JSON.stringify({ ...result, rate: 'fast' }),
    /rate is "fast", not a number of 0 or more/,
  ],
  [
    'a number that JSON cannot hold',
    JSON.stringify({ ...result, rate: Number.NaN }),
    /rate is null, not a number/,
  ],
  [
    'an unknown loop',
    JSON.stringify({ ...result, settings: { ...result.settings, loop: 'oval' } }),
    /settings\.loop is "oval", not "closed" or "open"/,
  ],
  [
    'a wrong server',
    JSON.stringify({ ...result, server: { unknown: 7 } }),
    /server\.unknown is 7, not a text/,
  ],
  [
    'a wrong curve',
    stored.replace(/"curve":\[\[0,/, '"curve":[[0,0,'),
    /latency\.connect\.uncorrected\.curve\[0\] is .*, not a pair/,
  ],
  ['a wrong one among good ones', `[${stored},{}]`, /^a\.json result 2: not a result/],
  ['a wrong line among good ones', `${stored}\n{}\n`, /^a\.json line 2: not a result/],
];

for (const [what, text, message] of wrong) {
  test(`the file and its fault are named: ${what}`, async (t) => {
    t.throws(() => readResults(text, 'a.json'), { message });
  });
}

test('the documented schema describes the results, with all of their fields and no others', async (t) => {
  const schema: object = JSON.parse(await readFile(schemaFile, 'utf8'));
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(schema);
  const samples = [
    result,
    failedResult(),
    ...sampleRuns(4),
    sampleResult({
      settings: {
        ...result.settings,
        loop: 'open',
        rate: 2_000,
        arrivals: 'poisson',
        seed: 7,
        duration: undefined,
        count: 1_000,
        expects: 5,
        sources: '127.0.0.0/8',
      },
      errors: errorsOf({ 'wrong answer': 3 }),
    }),
  ];
  for (const sample of samples) {
    t.ok(validate(plain(sample)), `${sample.name}: ${JSON.stringify(validate.errors)}`);
  }
  t.notOk(validate(plain({ ...result, weather: 'fair' })), 'an unknown field is found');
  t.notOk(validate(plain({ ...result, rate: undefined })), 'a missing field is found');
  t.notOk(validate(plain({ ...result, startedAt: 'yesterday' })), 'a wrong moment is found');
});

test('the example of the documentation is a result', async (t) => {
  const schema: object = JSON.parse(await readFile(schemaFile, 'utf8'));
  const page = await readFile(join(schemaFile, '../bench.md'), 'utf8');
  const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? '';
  const validate = new Ajv2020().compile(schema);
  t.ok(validate(JSON.parse(example)), JSON.stringify(validate.errors));
  t.equal(readResults(example, 'bench.md').length, 1);
});
