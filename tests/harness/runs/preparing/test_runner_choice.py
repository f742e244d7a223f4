"""Which runner a device gets: by what it says of itself, what the arms need, and what the native runner can do."""

import pytest

from devices.identity import AndroidFacts, Identity
from harness.runs.preparing.runner_choice import ArmNeeds, NativeOffer, choose_runner

ORT = ArmNeeds("onnxruntime", "1.32.0")
LITERT = ArmNeeds("ai-edge-litert", "2.3.0")
TFLITE = ArmNeeds("tflite-runtime", "2.14.0")
XNNPACK = ArmNeeds("onnxruntime", "1.32.0", "xnnpack")
QNN = ArmNeeds("onnxruntime", "1.32.0", "qnn")
WEB = ArmNeeds("onnxruntime-web", "1.30.0", "wasm", in_browser=True)
OFFER = NativeOffer(
    target="linux-aarch64",
    accelerators={"onnxruntime": {"cpu", "xnnpack"}, "ai-edge-litert": {"cpu"}},
    libraries={("onnxruntime", "1.32.0"): (2, 28), ("ai-edge-litert", "2.3.0"): (2, 27)},
    brings_libc=True,
)
NO_LIBRARIES = NativeOffer(target="linux-armv7", accelerators=OFFER.accelerators, libraries={}, brings_libc=False)
OWN_LIBRARY = NativeOffer(
    target="linux-armv7",
    accelerators=OFFER.accelerators,
    libraries={("onnxruntime", "1.32.0"): None},
    brings_libc=False,
)
NO_TARGET = NativeOffer(target=None, accelerators={}, libraries={}, brings_libc=False)


def phone(libc):
    return Identity(kind="adb", android=AndroidFacts(abis=["arm64-v8a"]), libc=libc, kernel="Linux 6.1")


def machine(kind, libc="glibc 2.36", kernel="Linux 6.1", architecture="aarch64"):
    return Identity(kind=kind, libc=libc, kernel=kernel, architecture=architecture)


@pytest.mark.parametrize(
    ("identity", "arms", "offer", "chosen", "reason"),
    [
        # Phones have no Python, whatever their libraries.
        (phone("bionic"), [ORT], OFFER, "native runner", "Android has no Python"),
        (phone("bionic"), [TFLITE], NO_LIBRARIES, "native runner", "Android has no Python"),
        (phone(None), [ORT], OFFER, "native runner, portable", "no libc that our builds fit"),
        # Boards, over whatever they are reached.
        (machine("ssh"), [ORT, LITERT], OFFER, "native runner", "onnxruntime 1.32.0 and ai-edge-litert 2.3.0"),
        (machine("adb"), [ORT], OFFER, "native runner", "for linux-aarch64 with glibc 2.36"),
        (machine("ssh", "glibc"), [ORT], OFFER, "native runner", "with glibc"),
        (machine("ssh"), [ORT, TFLITE], OFFER, "python runner", "only Python may have tflite-runtime 2.14.0"),
        (machine("ssh"), [ArmNeeds("onnxruntime", "1.20.0")], OFFER, "python runner", "onnxruntime 1.20.0"),
        (machine("ssh"), [ORT, WEB], OFFER, "native runner", "it has onnxruntime 1.32.0 for linux-aarch64"),
        (machine("ssh"), [WEB], OFFER, "native runner", "it has a build for linux-aarch64"),
        (machine("ssh"), [ORT], NO_LIBRARIES, "python runner", "for linux-armv7"),
        (machine("ssh"), [ORT], OWN_LIBRARY, "native runner", "for linux-armv7"),
        (machine("ssh", architecture="riscv64"), [ORT], NO_TARGET, "python runner", "riscv64"),
        (machine("ssh", None, "Darwin 24.1"), [ORT], OFFER, "python runner", "Darwin"),
        # What the native runner can be asked for is data.
        (machine("ssh"), [XNNPACK], OFFER, "native runner", "linux-aarch64"),
        (machine("ssh"), [QNN], OFFER, "python runner", "accelerator qnn"),
        # A libc that is missing or too old is brought along, where one can be; it has the CPU only.
        (machine("ssh", "musl 1.2.4"), [ORT], OFFER, "native runner, portable", "musl 1.2.4"),
        (machine("ssh", "glibc 2.27"), [ORT], OFFER, "native runner, portable", "onnxruntime 1.32.0 needs glibc 2.28"),
        (machine("ssh", "glibc 2.27"), [LITERT], OFFER, "native runner", "glibc 2.27"),
        (machine("ssh", "glibc 2.12"), [LITERT], OFFER, "native runner, portable", "the runner needs glibc 2.17"),
        (machine("ssh", "musl 1.2.4"), [XNNPACK], OFFER, "python runner", "accelerator xnnpack"),
        (machine("ssh", "musl 1.2.4"), [ORT], OWN_LIBRARY, "python runner", "none can be pushed along"),
        # A first demo fetches no compiler.
        (machine("local"), [ORT], OFFER, "python runner", "this machine has a Python"),
    ],
)  # fmt: skip
def test_the_runner_follows_from_the_device_the_arms_and_what_the_native_runner_can_do(
    identity, arms, offer, chosen, reason
):
    choice = choose_runner(identity, arms, offer)
    assert choice.name == chosen
    assert reason in choice.reason


@pytest.mark.parametrize(
    ("identity", "wanted", "chosen"),
    [
        (machine("local"), "native", "native runner"),
        (machine("ssh"), "python", "python runner"),
        (phone("bionic"), "python", "python runner"),
        (machine("ssh", "musl 1.2.4"), "native", "native runner, portable"),
        (machine("ssh", "musl 1.2.4"), "python", "python runner"),
    ],
)
def test_the_user_has_the_last_word(identity, wanted, chosen):
    choice = choose_runner(identity, [TFLITE], OFFER, wanted)
    assert choice.name == chosen
    assert choice.reason == "asked for with --runner"
