// The commands there are, in the order of the help text.
import { camerasCommand } from './cameras.ts';
import { captureCommand } from './capture.ts';
import type { Command } from './command.ts';
import { configCheckCommand } from './config-check.ts';
import { configShowCommand } from './config-show.ts';
import { demoCommand } from './demo.ts';
import { runDaemonCommand } from './run.ts';
import { triggerCommand } from './trigger.ts';

export const COMMANDS: readonly Command[] = Object.freeze([
  runDaemonCommand,
  demoCommand,
  captureCommand,
  triggerCommand,
  camerasCommand,
  configCheckCommand,
  configShowCommand,
]);
