// shutterd on the host as its users see it: unit, journal, broker, a stand-in for the classifier.
import type { Host } from './host.ts';

export interface Service {
  fact(name: string): Promise<string>;
  /** Where the journal is now; a clock that jumps does not move it. */
  mark(): Promise<string>;
  /** The first line of the journal after `mark` that matches the extended regular expression. @throws when none comes in time. */
  line(mark: string, pattern: string, secondsMax?: number): Promise<string>;
  /** What `local.yaml` says, by dotted key, beside what every row has; the service starts afresh and reaches its broker. */
  configure(settings?: Settings): Promise<void>;
  trigger(): Promise<void>;
  /** A trigger, and the classification that comes of it, in words. */
  picture(): Promise<string>;
  /** Ends when the unit is active with another process than `pid`. */
  restarted(pid: string, secondsMax: number): Promise<void>;
  classify(): Promise<void>;
  forget(): Promise<void>;
}

export type Settings = Readonly<Record<string, string | number>>;

export const LABEL = 'Chihuahua';
const EVENT_SECONDS_MAX = 120;
const CLASSIFIER = 'shutterd-test-classifier';
// A host under emulation needs far more than the 15 s that a Pi never does.
const LOCAL: Settings = {
  'camera.timeoutSeconds': 60,
  'camera.skipFrames': 3,
  'results.timeoutSeconds': 60,
  'mqtt.reconnect.spreadSeconds': 1,
  'mqtt.reconnect.maxSeconds': 8,
};

export function createService(host: Host): Service {
  const fact = (name: string): Promise<string> =>
    host.must(`systemctl show --property=${name} --value shutterd`);
  const mark = (): Promise<string> =>
    host.must(`sync; journalctl -n 0 --show-cursor -q | sed -n 's/^-- cursor: //p'`);

  async function line(from: string, pattern: string, secondsMax = EVENT_SECONDS_MAX): Promise<string> {
    // Without -u: where the entry at the cursor is not one of that unit, systemd 252 skips the unit's first one after it.
    const look = `journalctl -o cat --no-pager --after-cursor '${from}' | grep -m 1 -E '${pattern}'`;
    const { code, output } = await host.run(
      `end=$(( $(cut -d . -f 1 /proc/uptime) + ${secondsMax} )); while (( $(cut -d . -f 1 /proc/uptime) < end )); do ${look} && exit 0; sleep 0.5; done; exit 1`,
      secondsMax + 60,
    );
    if (code === 0) return output.trim();
    const tail = await host.run(`journalctl -u shutterd -o cat --no-pager -n 5 | cut -c 1-300`);
    throw new Error(`no line like ${pattern} within ${secondsMax} s; the last ones are\n${tail.output}`);
  }

  const trigger = async (): Promise<void> => {
    await host.must('mosquitto_pub -t device/image/trigger -n -q 1');
  };

  return {
    ...{ fact, mark, line, trigger },
    async configure(settings = {}) {
      const text = yamlOf({ ...LOCAL, ...settings });
      const from = await mark();
      await host.must(`cat >/etc/shutterd/local.yaml <<'END'\n${text}END\nsystemctl restart shutterd`);
      await line(from, '"event":"broker.connected"');
    },
    async picture() {
      const from = await mark();
      await trigger();
      const result = await line(from, '"event":"result.received"');
      const { label, latencyMs } = JSON.parse(result) as { label?: string; latencyMs?: number };
      if (label !== LABEL) throw new Error(`the classification is ${label ?? 'missing'}: ${result}`);
      const stored = await line(from, '"event":"request.acknowledged"');
      const { bytes } = JSON.parse(stored) as { bytes?: number };
      return `${label} after ${latencyMs ?? -1} ms, ${bytes ?? -1} bytes acknowledged`;
    },
    async restarted(pid, secondsMax) {
      await host.must(
        `for i in $(seq ${secondsMax}); do p=$(systemctl show -p MainPID --value shutterd); [ "$p" != ${pid} ] && [ "$p" != 0 ] && systemctl -q is-active shutterd && exit 0; sleep 1; done; systemctl status --no-pager shutterd; exit 1`,
        secondsMax * 2,
      );
    },
    async classify() {
      await host.must(
        `systemctl start mosquitto; systemctl -q is-active ${CLASSIFIER} || systemd-run -q --unit=${CLASSIFIER} --collect --property=Restart=always bash -c 'mosquitto_sub -t device/image/request -q 1 | while read -r request; do id=$(grep -o "\\"request_id\\":\\"[^\\"]*\\"" <<<"$request" | head -n 1); mosquitto_pub -t device/image/response -q 1 -m "{\\"label\\":\\"${LABEL}\\",\\"confidence\\":0.97,$id}"; done'`,
      );
    },
    async forget() {
      await host.run(`systemctl stop ${CLASSIFIER}; systemctl reset-failed ${CLASSIFIER}`);
    },
  };
}

/** JSON, which is YAML as well. */
function yamlOf(settings: Settings): string {
  const tree: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(settings)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let at = tree;
    for (const name of names) at = (at[name] ??= {}) as Record<string, unknown>;
    at[last] = value;
  }
  return `# written by the system test\n${JSON.stringify(tree, null, 2)}\n`;
}
