# A classifier for payload.format json, with paho-mqtt and OpenCV: answers every picture with a label. It looks at brightness only.
"""Arguments: port, request topic, response topic. Prints `subscribed`, then one JSON object a message."""
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
    request = json.loads(message.payload)
    jpeg = base64.b64decode(request["image_data"])
    pixels = cv2.imdecode(numpy.frombuffer(jpeg, dtype="uint8"), cv2.IMREAD_COLOR)
    height, width = pixels.shape[:2]
    label = "bright" if pixels.mean() > 127 else "dark"
    client.publish(sys.argv[3], json.dumps({"label": label, "confidence": 0.75}), qos=1)
    # As the image pipeline's publisher would have written the same picture.
    plain = json.dumps({"image_data": request["image_data"]}).encode() == message.payload
    told = {"id": request.get("request_id", ""), "width": width, "height": height, "plain": plain}
    print(json.dumps(told), flush=True)


client = mqtt.Client()
client.on_connect = on_connect
client.on_subscribe = on_subscribe
client.on_message = on_message
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_forever()
