// The native key `tcpmux`: a member of tcpmux whatever the service itself is called.
import type { Report, Token } from '../source.ts';
import type { Keys } from './keys.ts';
import type { Listening } from './listening.ts';
import { muxNameOf } from './name.ts';

const addressKeys = ['listen', 'bind', 'port', 'path', 'rpc', 'socktype', 'protocol'];

/** `tcpmux = NAME`, or `tcpmux = +NAME` where acceptd says `+Go`. */
export const readMuxKey = (
  service: Token,
  value: Token,
  keys: Keys,
  report: Report,
): Listening | undefined => {
  for (const key of addressKeys) {
    const place = keys.place(key);
    if (place !== undefined) {
      report.error(place, `'${key}' has no effect on a tcpmux member`, 'give it to the tcpmux service');
    }
  }
  const mux = muxNameOf(`tcpmux/${value.text}`);
  if (mux === undefined) {
    return report.error(value, `'${value.text}' is no tcpmux name`, 'write NAME or +NAME');
  }
  return {
    name: service.text,
    protocol: 'tcp',
    socketType: 'stream',
    endpoints: [],
    mux,
    rpc: undefined,
    marks: {},
  };
};
