// acceptd log --follow: what a running server logs from now on, for people on a terminal and as JSON lines elsewhere.
import type { IncomingMessage } from 'node:http';
import { type ExitStatus, exitStatus } from '../exit-status.ts';
import { escapeControls } from '../model/diagnostic.ts';
import { callServer, placeOf, refusalOf } from './control-client.ts';
import { type AnswerChoice, conduct } from './control-options.ts';
import { isObject } from './guards.ts';
import { prettyRecords } from './pretty-records.ts';
import { Refusal, usageError } from './refusal.ts';
import { plain, screenOf } from './terminal-text.ts';

export type LogChoice = AnswerChoice & { readonly follow: boolean; readonly service: string | undefined };

/** No record is that long. */
const longestLine = 1_048_576;

/** Whole lines without their ends, as they come. */
async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  response.setEncoding('utf8');
  for await (const part of response) {
    const lines = `${rest}${String(part)}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine)
      throw new Refusal('the server sends a record without an end', exitStatus.system);
    yield* lines;
  }
}

/** What a handler or a peer has said does nothing to the terminal; the lines of a diagnostic stay lines. */
const harmless = (line: string): string => {
  try {
    const record: unknown = JSON.parse(line);
    if (!isObject(record) || typeof record['msg'] !== 'string') return line;
    const message = record['msg'].replace(/[^\n\t]+/g, escapeControls);
    return JSON.stringify({ ...record, msg: message });
  } catch (error) {
    if (error instanceof SyntaxError) return plain(line);
    throw error;
  }
};

/** The reader sets the pace: a terminal that is stopped stops us, and the server counts what it could not send. */
const write = (text: string): Promise<void> =>
  new Promise((resolve) => {
    if (process.stdout.write(text)) resolve();
    else process.stdout.once('drain', resolve);
  });

const cutOff = (error: unknown, path: string): Refusal => {
  if (error instanceof Refusal) return error;
  if (!(error instanceof Error)) throw error;
  return new Refusal(
    `the acceptd at ${plain(path)} has cut off its log: ${plain(error.message)}`,
    exitStatus.system,
  );
};

export const log = ({ control, json, follow, service }: LogChoice): Promise<ExitStatus> =>
  conduct(async () => {
    if (!follow)
      throw usageError('say --follow: records from now on are told, earlier ones are where acceptd logs to');
    const path = placeOf(control);
    const isTerminal = process.stdout.isTTY === true;
    const show =
      isTerminal && !json ? await prettyRecords(screenOf(process.stdout, process.env).isColored) : undefined;
    const only = service === undefined ? '' : `&service=${encodeURIComponent(service)}`;
    const response = await callServer(path, { method: 'GET', path: `/v1/log?follow=true${only}` });
    if (response.statusCode !== 200) throw await refusalOf(response, path);
    try {
      for await (const line of linesOf(response)) {
        // an empty line only says that the connection lives
        if (line !== '') await write(show === undefined ? `${line}\n` : show(harmless(line)));
      }
    } catch (error) {
      throw cutOff(error, path);
    }
    throw new Refusal(
      `the acceptd at ${plain(path)} has ended its log; it is about to end`,
      exitStatus.system,
    );
  });
