import type { StoreStats } from "../../state/store.ts";

/** Names, what they mean, and their values; the value of labels is an object. */
type Metric = readonly [
  name: string,
  help: string,
  samples: readonly (readonly [labels: string, value: number])[],
];

/** Pure: figures in the text format of Prometheus (exposition format 0.0.4), all of them gauges. */
export function renderPrometheus(stats: StoreStats, agent: string): string {
  const store = `agent="${escapeLabel(agent)}",backend="${escapeLabel(stats.backend)}"`;
  const one = (value: number) => [[store, value]] as const;
  const metrics: Metric[] = [
    [
      "runner_state_keys",
      "Live keys by type.",
      Object.entries(stats.keys_by_type).map(([type, count]) => [`${store},type="${type}"`, count] as const),
    ],
    ["runner_state_expired_keys", "Expired keys that wait to be reclaimed.", one(stats.expired_keys)],
    ["runner_state_active_locks", "Locks that are held.", one(stats.active_locks)],
    ["runner_state_size_bytes", "Size of the store with its log.", one(stats.db_size_bytes)],
    ["runner_state_log_bytes", "Size of the write-ahead log.", one(stats.log_size_bytes)],
    ["runner_state_history_records", "Versions in the history.", one(stats.history_records)],
    ["runner_state_revision", "Revision of the newest commit.", one(stats.revision)],
  ];
  return metrics
    .map(([name, help, samples]) =>
      [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} gauge`,
        ...samples.map(([labels, value]) => `${name}{${labels}} ${value}`),
      ].join("\n"),
    )
    .join("\n");
}

function escapeLabel(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}
