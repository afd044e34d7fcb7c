// The commands there are, in the order of the help text.
import { camerasCommand } from './cameras.ts';
import { captureCommand } from './capture.ts';
import type { Command } from './command.ts';
import { configCheckCommand } from './config-check.ts';
import { configExplainCommand } from './config-explain.ts';
import { configSchemaCommand } from './config-schema.ts';
import { configShowCommand } from './config-show.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { fleetStatusCommand } from './fleet-status.ts';
import { outboxExportCommand } from './outbox-export.ts';
import { outboxListCommand } from './outbox-list.ts';
import { outboxPurgeCommand } from './outbox-purge.ts';
import { outboxRetryCommand } from './outbox-retry.ts';
import { outboxShowCommand } from './outbox-show.ts';
import { policyCommand } from './policy.ts';
import { publishCommand } from './publish.ts';
import { resultsCommand } from './results.ts';
import { runDaemonCommand } from './run.ts';
import { triggerCommand } from './trigger.ts';

export const COMMANDS: readonly Command[] = Object.freeze([
  runDaemonCommand,
  demoCommand,
  captureCommand,
  publishCommand,
  triggerCommand,
  camerasCommand,
  doctorCommand,
  configCheckCommand,
  configShowCommand,
  configExplainCommand,
  configSchemaCommand,
  fleetStatusCommand,
  outboxListCommand,
  outboxShowCommand,
  outboxExportCommand,
  outboxRetryCommand,
  outboxPurgeCommand,
  resultsCommand,
  policyCommand,
]);
