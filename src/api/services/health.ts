/** grpc.health.v1.Health: whether the server takes calls, for load balancers and service managers. */
import { AppError } from '../../errors.ts';
import { Feed } from '../../feed.ts';
import {
  HealthDefinition,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../generated/health/v1/health.ts';
import { type ServedMethod, serve } from '../pipeline/methods.ts';

/** Whether the server as a whole serves; '' is its name in this protocol. */
export class Health {
  readonly #changes = new Feed<ServingStatus>();
  readonly #services: ReadonlySet<string>;
  #status: ServingStatus = ServingStatus.SERVING;

  /** `services` are the full names that can be asked about. */
  constructor(services: Iterable<string>) {
    this.#services = new Set(['', ...services]);
  }

  /** Says that no more calls are wanted. */
  goingDown(): void {
    this.#status = ServingStatus.NOT_SERVING;
    this.#changes.emit(this.#status);
  }

  statusOf(service: string): ServingStatus {
    return this.#services.has(service) ? this.#status : ServingStatus.SERVICE_UNKNOWN;
  }

  all(): Record<string, { status: ServingStatus }> {
    return Object.fromEntries([...this.#services].map((name) => [name, { status: this.#status }]));
  }

  /** The status now, and then whenever it changes. */
  async *watch(service: string, signal: AbortSignal): AsyncGenerator<{ status: ServingStatus }> {
    const changes = this.#changes.subscribe(signal);
    yield { status: this.statusOf(service) };
    for await (const _ of changes) yield { status: this.statusOf(service) };
  }
}

export function healthService(health: Health): ServedMethod[] {
  return serve(HealthDefinition, {
    check: async ({ service }) => {
      const status = health.statusOf(service);
      if (status !== ServingStatus.SERVICE_UNKNOWN) return { status };
      throw new AppError('NOT_FOUND', 'there is no such service here');
    },
    list: async () => ({ statuses: health.all() }),
    watch: ({ service }, { signal }) => health.watch(service, signal),
  });
}
