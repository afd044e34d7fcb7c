// What v4l2-ctl 1.22 prints of a webcam, in its form.

/** `--info`; without `deviceCaps` as of a driver from before Linux 3.4. */
export function info(capabilities: string, deviceCaps?: string): string {
  const device = deviceCaps === undefined ? '' : `\tDevice Caps      : ${deviceCaps}\n\t\tStreaming\n`;
  return `Driver Info:
	Driver name      : uvcvideo
	Card type        : HD Webcam: HD Webcam
	Bus info         : usb-0000:01:00.0-1.3
	Driver version   : 6.1.21
	Capabilities     : ${capabilities}
		Video Capture
		Streaming
${device}`;
}

/** `--list-ctrls-menus`. */
export const CONTROLS = `
User Controls

                     brightness 0x00980900 (int)    : min=-64 max=64 step=1 default=0 value=0
                           gain 0x00980913 (int)    : min=0 max=100 step=10 default=0 value=20
        white_balance_automatic 0x0098090c (bool)   : default=1 value=1
           power_line_frequency 0x00980918 (menu)   : min=0 max=2 default=1 value=1 (50 Hz)
				0: Disabled
				1: 50 Hz
				2: 60 Hz
      white_balance_temperature 0x0098091a (int)    : min=2800 max=6500 step=1 default=4600 value=4600 flags=inactive

Camera Controls

                  auto_exposure 0x009a0901 (menu)   : min=0 max=3 default=3 value=3 (Aperture Priority Mode)
				1: Manual Mode
				3: Aperture Priority Mode
         exposure_time_absolute 0x009a0902 (int)    : min=1 max=5000 step=1 default=157 value=157 flags=inactive
                        privacy 0x009a0910 (bool)   : default=0 value=0 flags=read-only, volatile
                     zoom_reset 0x009a09ff (button) : value=0 flags=write-only, execute-on-write
                     face_areas 0x009a0a00 (bitmask): max=0x0000000f default=0x00000000 value=0x00000000
                 link_frequency 0x009f0901 (intmenu): min=0 max=1 default=0 value=0 (450000000 0x1ad27480)
				0: 450000000 (0x1ad27480)
				1: 225000000 (0xd693a40)
`;
