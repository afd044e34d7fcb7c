// The little of node-webcam 0.8.2 that the capture helper uses; the package ships no types.
declare module 'node-webcam' {
  interface Options {
    readonly width: number;
    readonly height: number;
    readonly quality: number;
    readonly device: string;
    readonly output: 'jpeg';
    readonly saveShots: false;
    readonly callbackReturn: 'location';
    readonly verbose: false;
  }

  interface Webcam {
    generateSh(location: string): string;
    runCaptureValidations(stderr: string): Error | null;
    capture(location: string, callback: (error: Error | null, location?: string) => void): void;
  }

  const nodeWebcam: { create(options: Options): Webcam };
  export = nodeWebcam;
}
