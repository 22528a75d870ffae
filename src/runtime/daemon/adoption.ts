// Gives our sockets to a server that only knows bind(2) and listen(2), and tells the moment when it takes clients.
import type { Descriptor } from '../../model/descriptor.ts';
import type { Failure } from '../../model/event.ts';
import { SystemError } from '../../native/addon.ts';
import {
  type Call,
  openAdoptionChannel,
  passCall,
  receiveCall,
  receiveCallListener,
  relayAdvice,
} from '../../native/adopt.ts';
import type { Runtime } from '../running.ts';
import { type AdoptedService, createGifts } from './adoption-gifts.ts';

export type Adoption = {
  /** For RecipeRequest.adoptChannel; undefined where the run has begun already. */
  readonly channel: Descriptor | undefined;
  /** The child has the channel too from here on, or there is none. */
  readonly onStarted: () => void;
  /** Where its calls come in. */
  readonly calls: () => Descriptor | undefined;
  /** Those of our sockets that the run has got. */
  readonly given: () => readonly Descriptor[];
  /** A call is being answered, or it is not known yet where they come in. */
  readonly isBusy: () => boolean;
  /** The service's run is over: what is left of it gets nothing more, and is not kept from binding what it likes. */
  readonly end: () => void;
};

export type AdoptionListener = {
  /** Once: at the first listen(2) on one of ours, or where the first one is of datagrams at its bind(2). */
  readonly onListening: () => void;
  /** Once: nothing can be given. A child that could not begin says so by its end. */
  readonly onFailed: (failure: Failure) => void;
};

/** Calls that are answered in one go; more come with the next readiness. */
const batch = 64;

export const createAdoption = (runtime: Pick<Runtime, 'kernel' | 'observer'>) => {
  const { kernel } = runtime;

  /** Before a start. Throws SystemError. */
  const begin = (service: AdoptedService, listener: AdoptionListener): Adoption => {
    const { ours: channel, theirs } = openAdoptionChannel();
    let isTheirsOpen = true;
    let isChannelOpen = true;
    const flow = answerCalls(service, listener);

    const closeTheirs = (): void => {
      if (!isTheirsOpen) return;
      isTheirsOpen = false;
      kernel.close(theirs);
    };

    const closeChannel = (): void => {
      if (!isChannelOpen) return;
      isChannelOpen = false;
      kernel.close(channel);
    };

    kernel.watch(channel, () => {
      try {
        const calls = receiveCallListener(channel);
        if (calls === undefined) return;
        closeChannel();
        if (calls !== 'never') flow.receiveFrom(kernel.tryRaise(calls));
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        closeChannel();
        flow.fail(error);
      }
    });

    return {
      channel: theirs,
      onStarted: closeTheirs,
      calls: flow.calls,
      given: flow.given,
      isBusy: () => isChannelOpen || flow.isAnswering(),
      end: () => {
        flow.end();
        closeTheirs();
      },
    };
  };

  /** Of a run that goes on, whose calls come here. */
  const goOn = (
    service: AdoptedService,
    listener: AdoptionListener,
    from: Descriptor,
    before: readonly Descriptor[],
  ): Adoption => {
    const { receiveFrom, end, calls, given, isAnswering } = answerCalls(service, listener, before);
    receiveFrom(from);
    return { channel: undefined, onStarted: () => undefined, calls, given, isBusy: isAnswering, end };
  };

  const answerCalls = (
    service: AdoptedService,
    listener: AdoptionListener,
    before: readonly Descriptor[] = [],
  ) => {
    let received: Descriptor | undefined;
    let isOver = false;
    let hasFailed = false;

    const fail = (error: SystemError): void => {
      if (hasFailed || isOver) return;
      hasFailed = true;
      listener.onFailed({ code: error.code, what: `${error.message}${relayAdvice(error.code)}` });
    };

    const gifts = createGifts(
      runtime,
      service,
      { onListening: listener.onListening, onFailed: fail },
      before,
    );

    const answer = (calls: Descriptor, call: Call): void => {
      if (isOver) passCall(calls, call);
      else gifts.answer(calls, call);
    };

    /** As long as one process of the run lives: without us its calls would fail with ENOSYS. */
    const receiveFrom = (calls: Descriptor): void => {
      received = calls;
      kernel.watch(calls, () => {
        for (let count = 0; count < batch; count++) {
          const call = receiveCall(calls);
          if (call === 'never') {
            kernel.close(calls);
            received = undefined;
          }
          if (call === undefined || call === 'never') break;
          answer(calls, call);
        }
      });
    };

    return {
      receiveFrom,
      fail,
      calls: (): Descriptor | undefined => received,
      given: gifts.given,
      isAnswering: gifts.isAnswering,
      end: (): void => {
        isOver = true;
        gifts.end();
      },
    };
  };

  return { begin, goOn };
};
