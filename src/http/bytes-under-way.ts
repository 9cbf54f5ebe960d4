import { Overloaded } from '../domain/domain-error.js';

/** Bytes of all bodies of a kind that this process holds: slow lines make them last, and there are many lines. */
export class BytesUnderWay {
  private bytes = 0;

  /** @param refusal what is told to whoever is turned away */
  constructor(
    private readonly most: number,
    private readonly refusal: string,
  ) {}

  /** Counts a piece, in any case; an error says that it is one too many. */
  hold(bytes: number): Overloaded | undefined {
    this.bytes += bytes;
    return this.bytes > this.most ? new Overloaded(this.refusal) : undefined;
  }

  letGo(bytes: number): void {
    this.bytes -= bytes;
  }
}
