import { status } from '@grpc/grpc-js';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { type CallFault } from './unary-body';

/** A request that is coming in. */
export interface IncomingBody {
  /** Nothing more of it is waited for: it is whole, or its stream is gone. */
  readonly settled: boolean;
  /** Gives it up. */
  giveUp(fault: CallFault): void;
}

export interface BodyLimits {
  /** How long a request may take to come in, in milliseconds. */
  bodyMs: number;
  /** How many requests may be coming in at one time. */
  maxBodies: number;
}

/** How often a request is looked at within its time; it is given up one such turn late at most. */
const turns = 10;

/**
 * Gives up requests that do not come in. One timer for all looks at those that are waited for, and rests while there are none:
 * nearly all bodies are there at once, and a timer for each would be dear.
 */
export class BodyWatch {
  /** The turn in which each was added, oldest first. */
  private readonly awaited = new Map<IncomingBody, number>();
  private turn = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly limits: BodyLimits) {}

  /** Waits for a body. Where they are too many the oldest is given up: one that is sent as it should be is never old. */
  add(body: IncomingBody): void {
    this.awaited.set(body, this.turn);
    this.timer ??= setInterval(() => {
      this.look();
    }, this.limits.bodyMs / turns).unref();
    if (this.awaited.size <= this.limits.maxBodies) return;
    for (const oldest of this.awaited.keys()) {
      this.giveUp(oldest, {
        code: status.UNAVAILABLE,
        details: 'too many requests are sent at a time, and this one waited',
      });
      break;
    }
  }

  /** Waits for it no longer. */
  remove(body: IncomingBody): void {
    this.awaited.delete(body);
  }

  private look(): void {
    this.turn++;
    const details = `the request did not come in within ${this.limits.bodyMs} ms`;
    for (const [body, since] of this.awaited) {
      if (body.settled) this.awaited.delete(body);
      else if (this.turn - since > turns) this.giveUp(body, { code: status.DEADLINE_EXCEEDED, details });
    }
    if (this.awaited.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private giveUp(body: IncomingBody, fault: CallFault): void {
    this.awaited.delete(body);
    if (!body.settled) body.giveUp(fault);
  }
}

/** The body of a call that others answer. */
export class OthersBody implements IncomingBody {
  constructor(private readonly stream: ServerHttp2Stream) {}

  get settled(): boolean {
    return this.stream.readableEnded || this.stream.closed || this.stream.destroyed;
  }

  giveUp(): void {
    this.stream.close(constants.NGHTTP2_CANCEL);
  }
}
