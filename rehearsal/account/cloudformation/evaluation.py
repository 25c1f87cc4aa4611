"""A template, its parameters and the resources of a stack give every property a value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.account.cloudformation.faults import Refusal
from rehearsal.account.cloudformation.stack import Output, Resource, Stack
from rehearsal.account.cloudformation.template import Declaration, Template
from rehearsal.account.cloudformation.values import ABSENT, Values, references

Outside = Callable[[str], str]


@dataclass(frozen=True)
class World:
    """What a template may ask of the account: exports, zones, dynamic references, SSM parameters."""

    region: str
    account_id: str
    imported: Outside
    zones: Callable[[str], list[str]]
    dynamic: Callable[[str, str], str]


class Evaluation:
    """Values of `template` in `stack`, as the resources of `resources` stand at the time of asking."""

    def __init__(
        self,
        stack: Stack,
        template: Template,
        parameters: Mapping[str, Any],
        world: World,
        resources: Mapping[str, Resource],
    ) -> None:
        names = {
            **parameters,
            "AWS::AccountId": world.account_id,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": world.region,
            "AWS::StackId": stack.id,
            "AWS::StackName": stack.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        self.template = template
        self.imports: set[str] = set()
        self._world = world
        self._resources = resources
        self._values = Values(template, names, self)

    def wanted(self) -> dict[str, Declaration]:
        """Return the resources whose condition holds."""
        return {
            name: declared
            for name, declared in self.template.resources.items()
            if declared.condition is None or self._values.holds(declared.condition)
        }

    def properties(self, declared: Declaration) -> dict[str, Any]:
        """Return a resource's properties with every function evaluated."""
        result: dict[str, Any] = self._values.resolve(dict(declared.properties))
        return result

    def value(self, given: Any) -> Any:
        """Return any value with every function evaluated."""
        return self._values.resolve(given)

    def check_rules(self) -> None:
        """Raise `Refusal` if an assertion of `Rules` does not hold."""
        for name, rule in self.template.rules.items():
            if "RuleCondition" in rule and not self._values.truth(rule["RuleCondition"]):
                continue
            for assertion in rule["Assertions"]:
                if not self._values.truth(assertion["Assert"]):
                    about = assertion.get("AssertDescription", "")
                    raise Refusal(f"Template validation error: rule {name} failed: {about}")

    def outputs(self) -> tuple[Output, ...]:
        """Return the outputs whose condition holds."""
        return tuple(
            self._output(key, entry)
            for key, entry in self.template.outputs.items()
            if "Condition" not in entry or self._values.holds(entry["Condition"])
        )

    def _output(self, key: str, entry: Mapping[str, Any]) -> Output:
        value = self._values.resolve(entry["Value"])
        if value is ABSENT or isinstance(value, (dict, list)):
            raise Refusal(f"Template format error: The Value field of output {key} must evaluate to type String.")
        text = str(value).lower() if isinstance(value, bool) else str(value)
        export = self._values.resolve(entry["Export"]["Name"]) if "Export" in entry else ""
        return Output(key, text, entry.get("Description", ""), export)

    def ref(self, logical_id: str) -> Any:
        """Return the physical id of a resource."""
        return self._resource(logical_id).physical_id

    def attribute(self, logical_id: str, name: str) -> Any:
        """Return an attribute of a resource. Raises `Refusal` with the type if it has none of that name."""
        resource = self._resource(logical_id)
        if name not in resource.attributes:
            raise Refusal(f"{logical_id}: {resource.type} has no attribute {name} in this emulated account")
        return resource.attributes[name]

    def imported(self, name: str) -> str:
        """Return another stack's export and remember that it is used."""
        self.imports.add(name)
        return self._world.imported(name)

    def zones(self, region: str) -> list[str]:
        """Return the availability zones."""
        return self._world.zones(region)

    def dynamic(self, service: str, key: str) -> str:
        """Return the value of a dynamic reference."""
        return self._world.dynamic(service, key)

    def _resource(self, logical_id: str) -> Resource:
        if logical_id not in self._resources:
            raise Refusal(f"Template format error: Unresolved resource dependencies [{logical_id}]")
        return self._resources[logical_id]


def check_references(template: Template) -> None:
    """Raise `Refusal` if something speaks of what the template does not declare."""
    known = template.parameters.keys() | template.resources.keys()
    for section, entries in (("Resources", template.resources), ("Outputs", template.outputs)):
        spoken = set()
        for entry in entries.values():
            spoken |= references(entry.properties if isinstance(entry, Declaration) else entry)
            spoken |= set(entry.depends_on) if isinstance(entry, Declaration) else set()
        if unknown := sorted(spoken - known):
            names = ", ".join(unknown)
            raise Refusal(f"Template format error: Unresolved resource dependencies [{names}] in the {section} block")
