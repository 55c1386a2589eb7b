using System.Text.Json;
using Edge.Config;
using Edge.Storage;
using Edge.Trainer.Rounds;

namespace Edge.Trainer.Tests.Rounds;

public class RoundPlanTests
{
    private static readonly RoundPlan s_plan = new()
    {
        Round = 1,
        Kind = RoundKind.FineTune,
        Classes = ["still", "moving"],
        Window = new WindowShape(9, 128, 50),
        Training = new TrainingSection { Augmentation = new AugmentationSection { Crop = 0.8, TriaxialGroups = [[0, 1, 2], [8, 7, 6]] } },
        ReadoutTemperature = 0.1,
    };

    [Fact]
    public void The_augmentations_of_a_plan_read_back()
    {
        var read = JsonSerializer.Deserialize<RoundPlan>(JsonSerializer.SerializeToUtf8Bytes(s_plan, RoundFolder.Json), RoundFolder.Json)!.Training.Augmentation;
        Assert.Equal(0.8, read.Crop);
        Assert.Equal(0.03, read.Jitter);
        Assert.Equal([[0, 1, 2], [8, 7, 6]], read.TriaxialGroups);
    }

    [Fact]
    public void A_plan_from_before_there_was_a_choice_gets_the_default()
    {
        var document = JsonSerializer.SerializeToNode(s_plan, RoundFolder.Json)!.AsObject();
        Assert.True(document["training"]!.AsObject().Remove("augmentation"));
        Assert.Equal(new AugmentationSection(), document.Deserialize<RoundPlan>(RoundFolder.Json)!.Training.Augmentation);
    }
}
