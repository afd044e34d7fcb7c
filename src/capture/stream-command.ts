// The command lines that make a camera stream JPEGs; pure, it runs nothing.

export interface StreamSource {
  /** `/dev/videoN`, or `csi` for a Raspberry Pi camera behind libcamera. */
  readonly node: string;
  readonly widthPx: number;
  readonly heightPx: number;
  /** `camera`: its own JPEGs, untouched; `encode`: for cameras that give raw pictures only. */
  readonly jpegs: 'camera' | 'encode';
}

export interface StreamCommand {
  readonly file: 'ffmpeg' | 'rpicam-vid';
  readonly args: readonly string[];
  /** Whether descriptor 3 gives a line with the exposure time for each picture. */
  readonly stamped: boolean;
}

const NODE = /^\/dev\/video\d{1,3}$/;
// libjpeg's scale of ffmpeg, 2 (best) to 31: the fit encodes again where the budget wants less.
const ENCODE_QUALITY = '2';

/** Throws for a node that no pattern allows: it was resolved and checked before, so that is a bug. */
export function streamCommand(source: StreamSource): StreamCommand {
  return source.node === 'csi' ? rpicamCommand(source) : ffmpegCommand(source);
}

function ffmpegCommand({ node, widthPx, heightPx, jpegs }: StreamSource): StreamCommand {
  if (!NODE.test(node)) throw new TypeError(`Cannot stream from ${node}: allowed is /dev/videoN`);
  // One thread: with more the encoder holds back a picture for each.
  const encode = [
    'mjpeg',
    '-threads',
    '1',
    '-q:v',
    ENCODE_QUALITY,
    '-pix_fmt',
    'yuvj420p',
    '-fps_mode',
    'passthrough',
  ];
  const input = [
    ...['-hide_banner', '-loglevel', 'error', '-nostdin'],
    // No probing: the first picture would wait for seconds of stream.
    ...['-fflags', 'nobuffer', '-probesize', '32', '-analyzeduration', '0'],
    // Wall-clock stamps of the kernel's buffers; V4L2 stamps them when the exposure of a picture begins to arrive.
    ...['-f', 'v4l2', '-timestamps', 'abs'],
    ...(jpegs === 'camera' ? ['-input_format', 'mjpeg'] : []),
    ...['-video_size', `${widthPx}x${heightPx}`, '-i', node],
  ];
  const output = ['-copyts', '-map', '0:v', '-c:v', ...(jpegs === 'camera' ? ['copy'] : encode)];
  // One encoding, two outputs: the pictures, and a line with time and size for each.
  const tee = ['-f', 'tee', '[f=mjpeg:flush_packets=1]pipe\\:1|[f=framecrc:flush_packets=1]pipe\\:3'];
  return { file: 'ffmpeg', args: [...input, ...output, ...tee], stamped: true };
}

function rpicamCommand({ widthPx, heightPx }: StreamSource): StreamCommand {
  const size = ['--width', String(widthPx), '--height', String(heightPx)];
  const args = ['--codec', 'mjpeg', '--nopreview', '--timeout', '0', ...size, '--flush', '--output', '-'];
  return { file: 'rpicam-vid', args, stamped: false };
}
