// Units of systemd: texts beside what they mean and what is said about them.
import { testSystemd } from './golden.ts';

await testSystemd();
