/** grpc.health.v1.Health: reports to load balancers and service managers whether the server accepts calls. */
import { AppError } from '../../errors.ts';
import { Feed } from '../../feed.ts';
import {
  HealthDefinition,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../generated/health/v1/health.ts';
import { type ServedMethod, serve } from '../pipeline/methods.ts';

/** Health of the whole server; the protocol names it ''. Every service has the same status. */
export class Health {
  readonly #changes = new Feed<ServingStatus>();
  readonly #services: ReadonlySet<string>;
  #status: ServingStatus = ServingStatus.SERVING;

  /** `services` are the full names of the services that clients may ask about. */
  constructor(services: Iterable<string>) {
    this.#services = new Set(['', ...services]);
  }

  /** Sets the status to NOT_SERVING, for good. */
  stopServing(): void {
    this.#status = ServingStatus.NOT_SERVING;
    this.#changes.emit(this.#status);
  }

  statusOf(service: string): ServingStatus {
    return this.#services.has(service) ? this.#status : ServingStatus.SERVICE_UNKNOWN;
  }

  all(): Record<string, { status: ServingStatus }> {
    return Object.fromEntries([...this.#services].map((name) => [name, { status: this.#status }]));
  }

  /** Yields the current status, then each change. */
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
