// acceptd bench: words become a request, the run is watched, and what it found is printed, kept and drawn.
import { readFileSync, writeFileSync } from 'node:fs';
import { complain, type ExitStatus, exitStatus } from '../exit-status.ts';
