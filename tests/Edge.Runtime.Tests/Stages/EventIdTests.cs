using System.Reflection;
using Edge.Runtime.Stages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Tests.Stages;

/// <summary>Log lines are told apart by their event id.</summary>
public sealed class EventIdTests
{
    [Fact]
    public void No_two_messages_of_the_service_share_an_event_id()
    {
        const BindingFlags any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var ids = new[] { typeof(ServiceLog).Assembly, typeof(MqttLink).Assembly }.SelectMany(assembly => assembly.GetTypes()).SelectMany(type => type.GetMethods(any))
            .Select(method => (method.Name, Id: method.GetCustomAttribute<LoggerMessageAttribute>()?.EventId)).Where(message => message.Id is not null).ToList();
        Assert.Contains(ids, message => message.Id == 1001);
        Assert.Contains(ids, message => message.Id == 4001);
        Assert.Empty(ids.GroupBy(message => message.Id).Where(group => group.Count() > 1).Select(group => $"{group.Key}: {string.Join(", ", group.Select(m => m.Name))}"));
    }
}
