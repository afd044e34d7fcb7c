# A subscriber for payload.format dlstreamer, with paho-mqtt and OpenCV: decodes each picture and tells its size. It answers nothing.
"""Arguments: port, topic. Prints `subscribed`, then one JSON object a message."""
import base64
import json
import sys

import cv2
import numpy
import paho.mqtt.client as mqtt


def on_connect(client, userdata, flags, code):
    client.subscribe(sys.argv[2], qos=1)


def on_subscribe(client, userdata, message_id, granted):
    print("subscribed", flush=True)


def on_message(client, userdata, message):
    metadata, picture = json.loads(message.payload)
    pixels = cv2.imdecode(
        numpy.frombuffer(base64.b64decode(picture.encode("utf-8")), dtype="uint8"), cv2.IMREAD_UNCHANGED
    )
    height, width = pixels.shape[:2]
    told = {"id": str(metadata["frame_id"]), "width": width, "height": height}
    print(json.dumps(told), flush=True)


client = mqtt.Client()
client.on_connect = on_connect
client.on_subscribe = on_subscribe
client.on_message = on_message
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_forever()
