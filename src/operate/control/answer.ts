// Answers of the control socket: JSON, each whole, and errors that say what to do.
import type { ServerResponse } from 'node:http';
import type { ControlError } from '../../model/control.ts';
import type { Failure } from '../../model/event.ts';

export type ErrorCode = ControlError['error']['code'];

const statusOf = {
  'bad-request': 400,
  forbidden: 403,
  'not-found': 404,
  'not-possible': 409,
  'too-large': 413,
  'too-many': 503,
  failed: 500,
} as const satisfies Record<ErrorCode, number>;

/** Something that cannot be answered; `status` where the code's usual one is not the right one. */
export type Refusal = { readonly code: ErrorCode; readonly message: string; readonly status?: number };

export const refusal = (code: ErrorCode, message: string, status?: number): Refusal =>
  status === undefined ? { code, message } : { code, message, status };

/** What a route gives: a value to be written as JSON, a text of another kind, or why there is none. */
export type Answer =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly type: string; readonly text: string }
  /** Records of the log from now on, of one service or of all. */
  | { readonly kind: 'records'; readonly service: string | undefined }
  | { readonly kind: 'refusal'; readonly refusal: Refusal };

export type WholeAnswer = Exclude<Answer, { readonly kind: 'records' }>;

export const json = (value: unknown): WholeAnswer => ({ kind: 'json', value });
export const refuse = (code: ErrorCode, message: string, status?: number): WholeAnswer => ({
  kind: 'refusal',
  refusal: refusal(code, message, status),
});

/** `ENOENT` there is no such thing, `ENOTSUP` it cannot be done with it, `EINVAL` it was asked wrongly. */
export const refuseFailure = ({ code, what }: Failure): WholeAnswer => {
  if (code === 'ENOENT' || code === 'ESRCH') return refuse('not-found', what);
  if (code === 'EINVAL') return refuse('bad-request', what);
  return refuse(code === 'ENOTSUP' || code === 'EBUSY' ? 'not-possible' : 'failed', what);
};

export const errorText = ({ code, message }: Refusal): string => {
  const error: ControlError = { error: { code, message } };
  return `${JSON.stringify(error)}\n`;
};

export const httpStatus = ({ code, status }: Refusal): number => status ?? statusOf[code];

const write = (response: ServerResponse, status: number, type: string, text: string): void => {
  const body = Buffer.from(text);
  response.writeHead(status, {
    'content-type': type,
    'content-length': body.length,
    'cache-control': 'no-store',
  });
  // of HEAD, Node writes the head alone
  response.end(body);
};

export const jsonType = 'application/json';

/** Writes the whole answer; gives its status. */
export const send = (response: ServerResponse, answer: WholeAnswer): number => {
  switch (answer.kind) {
    case 'json':
      write(response, 200, jsonType, `${JSON.stringify(answer.value)}\n`);
      return 200;
    case 'text':
      write(response, 200, answer.type, answer.text);
      return 200;
    case 'refusal': {
      const status = httpStatus(answer.refusal);
      write(response, status, jsonType, errorText(answer.refusal));
      return status;
    }
  }
};
