// One client of the long run: connects, says what its service wants to hear, and tells what came of it.
import { connect } from 'node:net';

/** `reply-or-end`: a limit may turn it away; `end`: nobody is served there. */
export type Expectation =
  | { readonly kind: 'reply'; readonly text: string }
  | { readonly kind: 'reply-or-end'; readonly text: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'echo' };

/** `cut`: an answer that is not whole, as of a handler that was killed; `lost`: no connection, or no end in time. */
export type Fate = 'answered' | 'turned-away' | 'cut' | 'lost';

/** Whoever is not answered by then has been forgotten: accepts wait for a restart or a shortage, but not so long. */
const patience = 60_000;

const judge = (expects: Expectation, said: string, heard: string): Fate => {
  if (heard === '') return 'turned-away';
  const whole = expects.kind === 'echo' ? said : expects.kind === 'end' ? '' : expects.text;
  return heard === whole ? 'answered' : 'cut';
};

/** `token` is what an echo is to give back. */
export const visit = (port: number, expects: Expectation, token: string): Promise<Fate> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let isConnected = false;
    let heard = '';
    const said = expects.kind === 'echo' ? token : '';
    const timer = setTimeout(() => socket.destroy(new Error('nobody answered')), patience);
    let isLate = false;
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      isConnected = true;
      socket.end(said);
    });
    socket.on('data', (text: string) => {
      heard += text;
    });
    socket.on('error', (error) => {
      isLate = error.message === 'nobody answered';
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(isConnected && !isLate ? judge(expects, said, heard) : 'lost');
    });
  });
