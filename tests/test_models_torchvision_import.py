"""Both libraries import beside this torch, and leave its process-wide switches alone."""

import json
import subprocess
import sys

_CODE = """
import json, torch
from models.torchvision_import import import_timm, import_torchvision
switches = lambda: [torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32]
torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = False, False
before = switches()
first, second = import_torchvision(), import_torchvision()
timm = import_timm()
print(json.dumps([before == switches(), first is second, timm.__name__, first.models.resnet18.__name__]))
"""


def test_both_import_twice_and_tf32_stays_as_it_was() -> None:
    done = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, True, "timm", "resnet18"]
    assert done.stderr == ""
