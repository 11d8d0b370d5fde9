"""The worked examples of WeChat's documentation of message pushes and their encryption."""

TOKEN = "AAAAA"
AES_KEY = "A" * 43
APPID = "wxba5fad812f8e6fb9"

CHECK = {
    "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
    "echostr": "4375120948345356249",
    "timestamp": "1714036504",
    "nonce": "1514711492",
}
PLAIN = {
    "signature": "899cf89e464efb63f54ddac96b0a0a235f53aa78",
    "timestamp": "1714037059",
    "nonce": "486452656",
}
SAFE = {
    "signature": "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
    "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    "encrypt_type": "aes",
    "timestamp": "1714112445",
    "nonce": "415670741",
}
# 205 bytes before padding, 224 after: a pad of 19, which an unpadder for blocks of 16 takes for an error.
SAFE_ENCRYPT = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsX"
    "UnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajA"
    "sjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
SAFE_PLAINTEXT = (
    '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,'
    '"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}'
)
REPLY = {
    "random": "707722b803182950",
    "timestamp": 1713424427,
    "nonce": "415670741",
    "plaintext": '{"demo_resp":"good luck"}',
    "encrypt": "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==",
    "msg_signature": "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
}
