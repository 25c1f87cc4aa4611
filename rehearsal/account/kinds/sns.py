"""SNS topics, their policies and subscriptions."""

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, refuse, retag


class Topic(Kind):
    """A topic; `Ref` is its ARN."""

    type = "AWS::SNS::Topic"
    attributes = ("DisplayName", "KmsMasterKeyId")
    mutable = frozenset({*attributes, "Tags"})
    properties = mutable | {"TopicName"}
    custom_name = "TopicName"

    def create(self, request: Request) -> Made:
        """Create the topic."""
        name = request.properties.get("TopicName") or request.generated_name(256)
        attributes = {key: str(value) for key, value in request.given(*self.attributes).items()}
        arn = request.call("sns", "CreateTopic", Name=name, Tags=request.own_tags(), Attributes=attributes)["TopicArn"]
        return Made(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change attributes and tags."""
        for name in request.changed(old) & set(self.attributes):
            value = {"AttributeName": name, "AttributeValue": request.properties.get(name, "")}
            request.call("sns", "SetTopicAttributes", TopicArn=old.physical_id, **value)
        retag(request, old, "sns", ResourceArn=old.physical_id)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the topic."""
        cloud.call("sns", "DeleteTopic", TopicArn=old.physical_id)


class TopicPolicy(Kind):
    """The policy of topics; what it says is kept, nothing is published here."""

    type = "AWS::SNS::TopicPolicy"
    properties = frozenset({"PolicyDocument", "Topics"})
    mutable = properties

    def create(self, request: Request) -> Made:
        """Set the policy of each topic."""
        self._put(request)
        return Made(request.generated_name(128), {"Id": request.logical_id})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Set the policy anew."""
        self._put(request)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Nothing: on AWS too a topic has its default policy then, and it goes with the stack as a rule."""

    @staticmethod
    def _put(request: Request) -> None:
        text = json.dumps(request.properties["PolicyDocument"])
        for topic in request.properties["Topics"]:
            value = {"AttributeName": "Policy", "AttributeValue": text}
            request.call("sns", "SetTopicAttributes", TopicArn=topic, **value)


class Subscription(Kind):
    """A subscription by mail, which AWS leaves pending until its receiver confirms it; no mail is sent here."""

    type = "AWS::SNS::Subscription"
    properties = frozenset({"Endpoint", "Protocol", "TopicArn"})

    def create(self, request: Request) -> Made:
        """Subscribe."""
        if request.properties["Protocol"] not in ("email", "email-json"):
            raise refuse(f"protocol {request.properties['Protocol']} is not supported here", "InvalidParameter")
        answer = request.call("sns", "Subscribe", **request.properties, ReturnSubscriptionArn=True)
        return Made(answer["SubscriptionArn"], {"Arn": answer["SubscriptionArn"]})

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Unsubscribe."""
        cloud.call("sns", "Unsubscribe", SubscriptionArn=old.physical_id)


KINDS: tuple[type[Kind], ...] = (Topic, TopicPolicy, Subscription)
