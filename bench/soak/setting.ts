// The server of the long run: its services, each with what a client of it may see, and its configuration in two forms.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { takePort } from '../peers/ports.ts';
import type { Expectation } from './client.ts';

export type SoakService = {
  /** As the status has it. */
  readonly id: string;
  readonly name: string;
  readonly port: number;
  readonly expects: Expectation;
  /** Of all connections, its part. */
  readonly weight: number;
};

export type Setting = {
  readonly services: readonly SoakService[];
  readonly configuration: string;
  readonly control: string;
  /** Writes the configuration again, with a service more or fewer and other limits. */
  readonly write: (form: 'one' | 'other') => void;
};

const reply = 'served\n';

/** `form` changes what no client notices: whether a further service is there, and how many may wait in the queue. */
const entry = (name: string, port: number, words: readonly string[]): string =>
  [
    `${name} on`,
    '    bind = 127.0.0.1',
    `    port = ${port}`,
    '    socktype = stream',
    '    user = -',
    ...words.map((word) => `    ${word}`),
    ';',
    '',
  ].join('\n');

export const createSetting = async (directory: string): Promise<Setting> => {
  const names = ['program', 'echo', 'limited', 'denied', 'missing', 'relayed', 'extra'] as const;
  const ports = new Map<string, number>();
  for (const name of names) ports.set(name, await takePort());
  const portOf = (name: (typeof names)[number]): number => ports.get(name) ?? 0;
  const configuration = join(directory, 'soak.conf');
  const program = ['exec = /bin/echo', `args = echo ${reply.trim()}`];
  const write = (form: 'one' | 'other'): void => {
    const backlog = form === 'one' ? 1024 : 2048;
    const tuned = `backlog = ${backlog}`;
    writeFileSync(
      configuration,
      [
        entry('program', portOf('program'), [...program, tuned]),
        entry('echo', portOf('echo'), ['internal = echo', tuned]),
        entry('limited', portOf('limited'), [...program, 'instances = 1', 'on_limit = refuse', tuned]),
        entry('denied', portOf('denied'), [...program, 'only_from = 192.0.2.0/24', tuned]),
        entry('missing', portOf('missing'), ['exec = /nonexistent/handler', tuned]),
        entry('relayed', portOf('relayed'), [`redirect = 127.0.0.1 ${portOf('echo')}`, tuned]),
        ...(form === 'one' ? [] : [entry('extra', portOf('extra'), program)]),
      ].join('\n'),
    );
  };
  write('one');
  const service = (name: (typeof names)[number], expects: Expectation, weight: number): SoakService => ({
    id: `127.0.0.1:${name}/tcp`,
    name,
    port: portOf(name),
    expects,
    weight,
  });
  return {
    services: [
      service('program', { kind: 'reply', text: reply }, 60),
      service('echo', { kind: 'echo' }, 20),
      service('limited', { kind: 'reply-or-end', text: reply }, 10),
      service('denied', { kind: 'end' }, 4),
      service('missing', { kind: 'end' }, 1),
      service('relayed', { kind: 'echo' }, 5),
    ],
    configuration,
    control: join(directory, 'control'),
    write,
  };
};
