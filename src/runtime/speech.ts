// What clients in the reception are told, without anybody waiting for those who do not listen: texts, banners, farewells.
import type { Accepted } from '../native/kernel.ts';
import { discardUnread } from '../serve/builtin/parting.ts';
import { complainOf } from './banners.ts';
import type { RunningService, Runtime } from './running.ts';
import { sayLater, sayNow } from './utterance.ts';
import type { Visitors } from './visitors.ts';

/** A client that can be spoken to. */
export type Listener = { readonly service: RunningService; readonly client: Accepted };

/** `once`: what follows it, or came before, must not be done a second time. */
export type Repeating = 'again' | 'once';

/**
 * Lets a client wait: `begin` starts what it waits for and gives how to stop it, and what it has not heard then; `resume`
 * ends the wait.
 */
export type Wait<Visit extends Listener> = (
  visit: Visit,
  begin: (resume: (next: () => void) => void) => () => Uint8Array | undefined,
  repeating?: Repeating,
) => void;

export const createSpeech = <Visit extends Listener>(
  runtime: Runtime,
  visitors: Visitors,
  wait: Wait<Visit>,
) => {
  const { kernel, clock, observer } = runtime;

  /** Says a text to a client and goes on when it has heard it, or has shown that it does not listen. */
  const say = (visit: Visit, text: Uint8Array, next: () => void, repeating: Repeating = 'again'): void => {
    const rest = text.length === 0 ? text : sayNow(kernel, visit.client.descriptor, text);
    if (rest === undefined || rest.length === 0) {
      next();
      return;
    }
    wait(
      visit,
      (resume) => sayLater(kernel, clock, visit.client.descriptor, rest, () => resume(next)),
      repeating,
    );
  };

  const textOf = (path: string, service: RunningService): Uint8Array | Promise<Uint8Array> =>
    runtime.banners.textOf(path, complainOf(observer, service.prepared.service.id));

  const sayBanner = (visit: Visit, path: string | undefined, next: () => void): void => {
    if (path === undefined) {
      next();
      return;
    }
    const text = textOf(path, visit.service);
    if (text instanceof Uint8Array) {
      say(visit, text, next);
      return;
    }
    wait(visit, (resume) => {
      void text.then((read) => resume(() => say(visit, read, next)));
      return () => undefined;
    });
  };

  /** The last words to one who is refused. There is no waiting for a place for them: then what fits at once has to do. */
  const sayText = ({ service, client }: Visit, text: Uint8Array, next: () => void): void => {
    const rest = sayNow(kernel, client.descriptor, text);
    // unread bytes would turn the close into a reset, and the client would lose what it was told
    const end = (): void => {
      discardUnread(kernel, client.descriptor);
      next();
    };
    let stop: (() => void) | undefined;
    const isSaid = rest === undefined || rest.length === 0;
    const leave = isSaid
      ? undefined
      : visitors.enter(service, () => {
          stop?.();
          next();
        });
    if (isSaid || leave === undefined) {
      end();
      return;
    }
    stop = sayLater(kernel, clock, client.descriptor, rest, () => {
      if (leave()) end();
    });
  };

  /** The banner of those who are refused, then `next`. */
  const sayFarewell = (visit: Visit, path: string, next: () => void): void => {
    const text = textOf(path, visit.service);
    if (text instanceof Uint8Array) {
      sayText(visit, text, next);
      return;
    }
    // its file is read for the first time
    const leave = visitors.enter(visit.service, next);
    if (leave === undefined) {
      next();
      return;
    }
    void text.then((read) => {
      if (leave()) sayText(visit, read, next);
    });
  };

  return { say, sayBanner, sayFarewell };
};

/** Reads the banners of all services before the first client comes, and forgets the others. */
export const prepareBanners = ({ services, banners, observer }: Runtime): void => {
  const paths = new Set<string>();
  for (const { prepared } of services.values()) {
    const { banners: named, id } = prepared.service;
    for (const path of [named?.always, named?.success, named?.failure]) {
      if (path === undefined) continue;
      paths.add(path);
      void banners.textOf(path, complainOf(observer, id));
    }
  }
  banners.keepOnly(paths);
};
