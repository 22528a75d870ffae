// Why something that was asked of the running server cannot be done.
import type { Failure } from '../model/event.ts';

export const noSuchService = (id: string): Failure => ({ code: 'ENOENT', what: `there is no service ${id}` });
