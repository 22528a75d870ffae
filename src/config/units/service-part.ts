// What a service unit says, and what its reader is told about the sockets that it serves.
import type { Answer, Service } from '../../model/service.ts';
import type { Marks } from '../source.ts';

export type ServiceContext = {
  /** `accept`: each connection is an instance; `sockets`: one server has all sockets; `backend`: it is behind a relay and has none. */
  readonly role: 'accept' | 'sockets' | 'backend';
  /** How many sockets it gets: one for an instance, those of all its socket units for a server. */
  readonly socketCount: number;
  /** FlushPending= of its sockets. */
  readonly flushesPending: boolean;
  /** `--allow-unprotected`: a directive that promises protection and is not applied is only warned about. */
  readonly allowsUnprotected: boolean;
};

/** The parts of a service that its service unit says. */
export type ServicePart = Pick<
  Service,
  'credentials' | 'process' | 'surroundings' | 'daemon' | 'lifetime' | 'startTexts'
> & {
  readonly answer: Answer & { readonly kind: 'program' };
  /** Where its user, group, groups, program and directories are written. */
  readonly marks: Omit<Marks, 'service'>;
};
