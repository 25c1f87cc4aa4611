"""Faults put into a synthesized stack: each takes one thing away that a cluster needs."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Template = dict[str, Any]
Edit = Callable[[Template], Template]

MISSING_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:deleted-by-hand-AbCdEf"


def edit_template(assembly: Path, edit: Edit) -> None:
    """Change the template of a cloud assembly and its hash wherever that stands, so that it is published anew."""
    (path,) = assembly.glob("*.template.json")
    before = json.loads(path.read_text())
    after = edit(before)
    assert after != json.loads(path.read_text()), "the edit changed nothing"
    path.write_text(json.dumps(after))
    (old,) = set(re.findall(r"/([0-9a-f]{64})\.json", (assembly / "manifest.json").read_text()))
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    for file in (assembly / "manifest.json", next(assembly.glob("*.assets.json"))):
        file.write_text(file.read_text().replace(old, new))


def with_description(text: str) -> Edit:
    """Change nothing that matters: the control of every other edit."""
    return lambda template: {**template, "Description": text}


def without_action(action: str) -> Edit:
    """Take away the one policy statement that allows `action`; a policy that says nothing else goes with it."""

    def edit(template: Template) -> Template:
        taken, emptied = 0, []
        for name, resource in template["Resources"].items():
            if resource["Type"] not in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
                continue
            document = resource["Properties"]["PolicyDocument"]
            kept = [statement for statement in document["Statement"] if statement["Action"] != action]
            taken += len(document["Statement"]) - len(kept)
            document["Statement"] = kept
            emptied += [] if kept else [name]
        assert taken == 1, f"{taken} statements allow {action} alone"
        for name in emptied:
            template = without_resource(template, name)
        return template

    return edit


def without_permission(policy: str, sid: str, action: str, resource: str = "") -> Edit:
    """Take `action` from a statement, or one of its resources if `resource` is given: a piece of what names that one.

    `policy` begins the logical id of the policy, or of the file system that has it; a statement without Sid has ''.
    What allows nothing more goes too.
    """

    def edit(template: Template) -> Template:
        documents = {name: found for name, each in template["Resources"].items() if (found := _document(each))}
        (name,) = (each for each in documents if each.startswith(policy))
        before = documents[name]["Statement"]
        documents[name]["Statement"] = after = less(before, sid, action, resource)
        assert after != before, f"{policy} {sid} does not allow {action} on {resource or 'anything'}"
        return template if after else without_resource(template, name)

    return edit


def less(statements: list[Any], sid: str, action: str, resource: str = "") -> list[Any]:
    """Return statements without `action` in the one called `sid`, or without its resources that hold `resource`."""
    kept = []
    for statement in statements:
        if statement.get("Sid", "") != sid or action not in _listed(statement["Action"]):
            kept.append(statement)
        elif left := _less(statement, action, resource):
            kept.append({**statement, **left})
    return kept


def _less(statement: Any, action: str, resource: str) -> dict[str, Any]:
    """Return what is left of a statement's element, under its name; nothing if nothing is."""
    element = "Resource" if resource else "Action"
    parts = _listed(statement[element])
    left = [each for each in parts if each != action and (not resource or resource not in json.dumps(each))]
    return {element: statement[element] if left == parts else left} if left else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _document(resource: Template) -> Any:
    if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        return resource["Properties"]["PolicyDocument"]
    return resource["Properties"].get("FileSystemPolicy") if resource["Type"] == "AWS::EFS::FileSystem" else None


def without_self_rule(port: int) -> Edit:
    """Take away the rule by which members reach each other on `port`."""

    def edit(template: Template) -> Template:
        rules = [
            name
            for name, resource in template["Resources"].items()
            if resource["Type"] == "AWS::EC2::SecurityGroupIngress" and resource["Properties"].get("FromPort") == port
        ]
        assert len(rules) == 1, f"{len(rules)} rules for port {port}"
        return without_resource(template, rules[0])

    return edit


def with_missing_secret(purpose: str) -> Edit:
    """Let the nodes be told of a secret that is not there, and be allowed to read it."""

    def edit(template: Template) -> Template:
        secrets = [
            name
            for name, resource in template["Resources"].items()
            if resource["Type"] == "AWS::SecretsManager::Secret" and purpose in json.dumps(resource)
        ]
        assert len(secrets) == 1, f"{len(secrets)} secrets of {purpose}"
        changed = replaced(template, {"Ref": secrets[0]}, MISSING_SECRET)
        assert isinstance(changed, dict)
        return without_resource(changed, secrets[0])

    return edit


def without_resource(template: Template, name: str) -> Template:
    """Return the template without a resource, which nothing but DependsOn may name."""
    resources = {key: dict(value) for key, value in template["Resources"].items() if key != name}
    for resource in resources.values():
        needs = resource.pop("DependsOn", [])
        if kept := [need for need in ([needs] if isinstance(needs, str) else needs) if need != name]:
            resource["DependsOn"] = kept
    changed = {**template, "Resources": resources}
    assert json.dumps(name) not in json.dumps(changed), f"{name} is still named"
    return changed


def replaced(value: Any, old: Any, new: Any) -> Any:
    """Return a JSON value with every `old` in it replaced by `new`."""
    if value == old:
        return new
    if isinstance(value, dict):
        return {key: replaced(each, old, new) for key, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, old, new) for each in value]
    return value
