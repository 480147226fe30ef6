"""compare.junit.xml: what test reporters of every CI read; valid by Ant's schema and by Jenkins'."""

import math
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence

from reports.ci.finding import Finding, State
from reports.results import Results
from reports.untrusted import visible

_ELEMENT: dict[State, str] = {"failed": "failure", "error": "error", "open": "skipped"}


def junit(results: Results) -> str:
    """A suite per device and a test case per comparison.

    Confirmed slower or grown is a failure, UNMEASURED an error, UNCLEAR skipped. Ends with a newline.
    """
    root = ET.Element("testsuites")
    began = results.run.plan.created_utc.removesuffix("Z")
    for number, device in enumerate(dict.fromkeys(each.device for each in results.findings)):
        own = [each for each in results.findings if each.device == device]
        _suite(root, visible(device), own, {"timestamp": began, "id": str(number)})
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, device: str, own: Sequence[Finding], of_run: dict[str, str]) -> None:
    states = Counter(each.state for each in own)
    counts = {"failures": states["failed"], "errors": states["error"], "skipped": states["open"], "tests": len(own)}
    own_seconds = f"{math.fsum(each.seconds for each in own):.3f}"
    suite = ET.SubElement(
        root,
        "testsuite",
        {"name": f"bench compare on {device}", "package": "bench.compare", "hostname": device, "time": own_seconds}
        | {name: str(count) for name, count in counts.items()}
        | of_run,
    )
    ET.SubElement(suite, "properties")  # Ant's schema wants it there, and both kinds of output
    for each in own:
        _case(suite, each, device)
    ET.SubElement(suite, "system-out").text = "\n".join(visible(f"{each.name}: {each.line}", 900) for each in own)
    ET.SubElement(suite, "system-err")


def _case(suite: ET.Element, finding: Finding, device: str) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        {"classname": f"bench.compare.{device}", "name": finding.name, "time": f"{finding.seconds:.3f}"},
    )
    if element := _ELEMENT.get(finding.state):
        kind = {} if element == "skipped" else {"type": finding.label}  # Ant's schema: what is skipped has no type
        ET.SubElement(case, element, {"message": visible(finding.line, 900), **kind})
