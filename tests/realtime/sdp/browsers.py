"""What browsers write: descriptions and candidates."""

import re


def crlf(text: str) -> str:
    """The fixtures below hold several lines a row, between bars, to keep this file short."""
    return "\r\n".join(re.split(r"\n| \| ", text.strip())) + "\r\n"


# As Chromium 156 wrote it for a microphone and a camera.
CHROME = crlf("""
v=0 | o=- 2619970226460057572 2 IN IP4 127.0.0.1 | s=- | t=0 0 | a=group:BUNDLE 0 1 | a=extmap-allow-mixed
a=msid-semantic: WMS 04d1dfd9-dbd7-4863-9ed2-0e17fb305872
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126 | c=IN IP4 0.0.0.0 | a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:uMoc | a=ice-pwd:grIMuths8S5KX0bnVAcAG4m7 | a=ice-options:trickle
a=fingerprint:sha-256 A9:29:6B:0E:36:B1:06:F3:F9:CE:22:5B:82:2A:04:B4:5F:8B:F3:EC:94:48:34:3E:67:A4:43:63:13:02:36:FC
a=setup:actpass | a=mid:0 | a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid | a=sendrecv
a=msid:04d1dfd9-dbd7-4863-9ed2-0e17fb305872 abc69496-b5ad-4f96-bc03-939464f22172 | a=rtcp-mux | a=rtcp-rsize
a=rtcp-xr:rcvr-rtt=all | a=rtpmap:111 opus/48000/2 | a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1 | a=rtpmap:63 red/48000/2 | a=fmtp:63 111/111 | a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000 | a=rtpmap:8 PCMA/8000 | a=rtpmap:13 CN/8000 | a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000 | a=ssrc:2602566586 cname:zJuyvwZms6fymWYF
a=ssrc:2602566586 msid:04d1dfd9-dbd7-4863-9ed2-0e17fb305872 abc69496-b5ad-4f96-bc03-939464f22172
m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 107 108 109 114 115 116 117 39 40 45 46 98 99 100 101 118 119 120
c=IN IP4 0.0.0.0 | a=rtcp:9 IN IP4 0.0.0.0 | a=ice-ufrag:uMoc | a=ice-pwd:grIMuths8S5KX0bnVAcAG4m7
a=ice-options:trickle
a=fingerprint:sha-256 A9:29:6B:0E:36:B1:06:F3:F9:CE:22:5B:82:2A:04:B4:5F:8B:F3:EC:94:48:34:3E:67:A4:43:63:13:02:36:FC
a=setup:actpass | a=mid:1 | a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:13 urn:3gpp:video-orientation
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type
a=extmap:7 http://www.webrtc.org/experiments/rtp-hdrext/video-timing
a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid | a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id | a=sendrecv
a=msid:04d1dfd9-dbd7-4863-9ed2-0e17fb305872 35e9afad-6ec4-4cfc-bacd-c790d6ce18ed | a=rtcp-mux | a=rtcp-rsize
a=rtcp-xr:rcvr-rtt=all | a=rtpmap:96 VP8/90000 | a=rtcp-fb:96 goog-remb | a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir | a=rtcp-fb:96 nack | a=rtcp-fb:96 nack pli | a=rtpmap:97 rtx/90000 | a=fmtp:97 apt=96
a=rtpmap:102 H264/90000 | a=rtcp-fb:102 goog-remb | a=rtcp-fb:102 transport-cc | a=rtcp-fb:102 ccm fir
a=rtcp-fb:102 nack | a=rtcp-fb:102 nack pli
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f | a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102 | a=rtpmap:104 H264/90000 | a=rtcp-fb:104 goog-remb | a=rtcp-fb:104 transport-cc
a=rtcp-fb:104 ccm fir | a=rtcp-fb:104 nack | a=rtcp-fb:104 nack pli
a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f | a=rtpmap:107 rtx/90000
a=fmtp:107 apt=104 | a=rtpmap:108 H264/90000 | a=rtcp-fb:108 goog-remb | a=rtcp-fb:108 transport-cc
a=rtcp-fb:108 ccm fir | a=rtcp-fb:108 nack | a=rtcp-fb:108 nack pli
a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f | a=rtpmap:109 rtx/90000
a=fmtp:109 apt=108 | a=rtpmap:114 H264/90000 | a=rtcp-fb:114 goog-remb | a=rtcp-fb:114 transport-cc
a=rtcp-fb:114 ccm fir | a=rtcp-fb:114 nack | a=rtcp-fb:114 nack pli
a=fmtp:114 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f | a=rtpmap:115 rtx/90000
a=fmtp:115 apt=114 | a=rtpmap:116 H264/90000 | a=rtcp-fb:116 goog-remb | a=rtcp-fb:116 transport-cc
a=rtcp-fb:116 ccm fir | a=rtcp-fb:116 nack | a=rtcp-fb:116 nack pli
a=fmtp:116 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f | a=rtpmap:117 rtx/90000
a=fmtp:117 apt=116 | a=rtpmap:39 H264/90000 | a=rtcp-fb:39 goog-remb | a=rtcp-fb:39 transport-cc
a=rtcp-fb:39 ccm fir | a=rtcp-fb:39 nack | a=rtcp-fb:39 nack pli
a=fmtp:39 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=4d001f | a=rtpmap:40 rtx/90000
a=fmtp:40 apt=39 | a=rtpmap:45 AV1/90000 | a=rtcp-fb:45 goog-remb | a=rtcp-fb:45 transport-cc
a=rtcp-fb:45 ccm fir | a=rtcp-fb:45 nack | a=rtcp-fb:45 nack pli | a=fmtp:45 level-idx=5;profile=0;tier=0
a=rtpmap:46 rtx/90000 | a=fmtp:46 apt=45 | a=rtpmap:98 VP9/90000 | a=rtcp-fb:98 goog-remb
a=rtcp-fb:98 transport-cc | a=rtcp-fb:98 ccm fir | a=rtcp-fb:98 nack | a=rtcp-fb:98 nack pli
a=fmtp:98 profile-id=0 | a=rtpmap:99 rtx/90000 | a=fmtp:99 apt=98 | a=rtpmap:100 VP9/90000
a=rtcp-fb:100 goog-remb | a=rtcp-fb:100 transport-cc | a=rtcp-fb:100 ccm fir | a=rtcp-fb:100 nack
a=rtcp-fb:100 nack pli | a=fmtp:100 profile-id=2 | a=rtpmap:101 rtx/90000 | a=fmtp:101 apt=100
a=rtpmap:118 red/90000 | a=rtpmap:119 rtx/90000 | a=fmtp:119 apt=118 | a=rtpmap:120 ulpfec/90000
a=ssrc-group:FID 4016121744 2742212131 | a=ssrc:4016121744 cname:zJuyvwZms6fymWYF
a=ssrc:4016121744 msid:04d1dfd9-dbd7-4863-9ed2-0e17fb305872 35e9afad-6ec4-4cfc-bacd-c790d6ce18ed
a=ssrc:2742212131 cname:zJuyvwZms6fymWYF
a=ssrc:2742212131 msid:04d1dfd9-dbd7-4863-9ed2-0e17fb305872 35e9afad-6ec4-4cfc-bacd-c790d6ce18ed
""")

# In the shape of Firefox 140: the fingerprint of the session, sorted attributes, braces, /recvonly extensions.
FIREFOX = crlf("""
v=0 | o=mozilla...THIS_IS_SDPARTA-140.0 7431580285014402412 0 IN IP4 0.0.0.0 | s=- | t=0 0
a=fingerprint:sha-256 21:4F:7B:0C:9A:E2:58:63:D1:3E:86:AA:07:F5:1C:92:4B:D8:60:3F:B7:15:E9:7A:C4:28:5D:91:0E:73:AF:66
a=group:BUNDLE 0 1 | a=ice-options:trickle | a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101 | c=IN IP4 0.0.0.0 | a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid | a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=fmtp:101 0-15 | a=ice-pwd:8c1d0e5f72b94a3696e1f0d7c5b3a248 | a=ice-ufrag:4f0b92d7 | a=mid:0
a=msid:{5d1f9c52-0f0e-4a34-9f63-7d2b8e6a1c47} {c1a7e0d4-6b1d-4f5c-8f0a-2e9b37d4a815} | a=rtcp-mux
a=rtpmap:109 opus/48000/2 | a=rtpmap:9 G722/8000/1 | a=rtpmap:0 PCMU/8000 | a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000/1 | a=setup:actpass
a=ssrc:2655508255 cname:{9e2d6a73-41bf-4d0c-a8e5-1c3f5b7d9028}
m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125 126 127 97 98 123 122 119 | c=IN IP4 0.0.0.0 | a=sendrecv
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:5 urn:ietf:params:rtp-hdrext:toffset
a=extmap:6/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1
a=fmtp:97 profile-level-id=42e01f;level-asymmetry-allowed=1 | a=fmtp:120 max-fs=12288;max-fr=60
a=fmtp:124 apt=120 | a=fmtp:121 max-fs=12288;max-fr=60 | a=fmtp:125 apt=121 | a=fmtp:127 apt=126
a=fmtp:98 apt=97 | a=fmtp:119 apt=122 | a=ice-pwd:8c1d0e5f72b94a3696e1f0d7c5b3a248 | a=ice-ufrag:4f0b92d7
a=mid:1 | a=msid:{5d1f9c52-0f0e-4a34-9f63-7d2b8e6a1c47} {0b8e4f16-93a7-4c2e-b5d1-6f7a8c9d0e21}
a=rtcp-fb:120 nack | a=rtcp-fb:120 nack pli | a=rtcp-fb:120 ccm fir | a=rtcp-fb:120 goog-remb
a=rtcp-fb:120 transport-cc | a=rtcp-fb:121 nack | a=rtcp-fb:121 nack pli | a=rtcp-fb:121 ccm fir
a=rtcp-fb:121 goog-remb | a=rtcp-fb:121 transport-cc | a=rtcp-fb:126 nack | a=rtcp-fb:126 nack pli
a=rtcp-fb:126 ccm fir | a=rtcp-fb:126 goog-remb | a=rtcp-fb:126 transport-cc | a=rtcp-fb:97 nack
a=rtcp-fb:97 nack pli | a=rtcp-fb:97 ccm fir | a=rtcp-fb:97 goog-remb | a=rtcp-fb:97 transport-cc
a=rtcp-mux | a=rtcp-rsize | a=rtpmap:120 VP8/90000 | a=rtpmap:124 rtx/90000 | a=rtpmap:121 VP9/90000
a=rtpmap:125 rtx/90000 | a=rtpmap:126 H264/90000 | a=rtpmap:127 rtx/90000 | a=rtpmap:97 H264/90000
a=rtpmap:98 rtx/90000 | a=rtpmap:123 ulpfec/90000 | a=rtpmap:122 red/90000 | a=rtpmap:119 rtx/90000
a=setup:actpass | a=ssrc:1048576021 cname:{9e2d6a73-41bf-4d0c-a8e5-1c3f5b7d9028}
a=ssrc:3919284055 cname:{9e2d6a73-41bf-4d0c-a8e5-1c3f5b7d9028} | a=ssrc-group:FID 1048576021 3919284055
""")

HOST = "candidate:1 1 udp 2113937151 192.168.1.20 48338 typ host"


def edited(text: str, old: str, new: str) -> str:
    assert re.search(old, text), f"nothing to edit: {old}"
    return re.sub(old, new, text)


def answer(offer: str) -> str:
    return edited(offer, "a=setup:actpass", "a=setup:active")
