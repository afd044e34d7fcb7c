// The arithmetic between the payload bound and the JPEG inside; it knows nothing of pictures.

export interface PayloadShape {
  /** The bound on the whole payload. */
  readonly maxPayloadBytes: number;
  /** Payload bytes that are not the JPEG: the JSON around it. */
  readonly overheadBytes: number;
  readonly encoding: 'base64' | 'binary';
}

/**
 * The most JPEG bytes that still give a legal payload; 0 where not even the overhead fits. Base64 with padding grows
 * in whole groups, four characters for up to three bytes (RFC 4648, section 4).
 */
export function jpegBudgetBytes(shape: PayloadShape): number {
  const roomBytes = Math.max(0, Math.floor(shape.maxPayloadBytes - shape.overheadBytes));
  return shape.encoding === 'base64' ? Math.floor(roomBytes / 4) * 3 : roomBytes;
}
