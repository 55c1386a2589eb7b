namespace Edge.Storage.Tests.Datasets;

public class LabelledWindowsTests
{
    [Fact]
    public void Without_a_word_about_domains_all_windows_are_of_one()
    {
        var windows = Plain();
        Assert.Equal(["all"], windows.DomainNames);
        Assert.Equal([0, 0, 0], windows.Domains);
        Assert.Same(windows.Domains, windows.Domains);
        Assert.Equal([0, 0], (windows with { Classes = [0, 1], Subjects = [1, 1], Values = new float[4] }).Domains);
    }

    [Fact]
    public void Classes_are_taken_with_their_subjects_and_domains()
    {
        var kept = Divided().Of(["b"]);
        Assert.Equal([3f, 4f, 5f, 6f], kept.Values);
        Assert.Equal([1, 1], kept.Classes);
        Assert.Equal([8, 9], kept.Subjects);
        Assert.Equal([1, 0], kept.Domains);
        Assert.Equal(["early", "late"], kept.DomainNames);
    }

    [Fact]
    public void Windows_are_selected_in_any_order_and_more_than_once()
    {
        var picked = Divided().Select([2, 0, 2]);
        Assert.Equal([5f, 6f, 1f, 2f, 5f, 6f], picked.Values);
        Assert.Equal([1, 0, 1], picked.Classes);
        Assert.Equal([9, 7, 9], picked.Subjects);
        Assert.Equal([0, 0, 0], picked.Domains);
        Assert.Equal(0, Divided().Select([]).Count);
    }

    private static LabelledWindows Plain() => new() { Window = new WindowShape(2, 1, 1), Values = [1, 2, 3, 4, 5, 6], Classes = [0, 1, 1], Subjects = [7, 8, 9], ClassNames = ["a", "b"] };

    private static LabelledWindows Divided() => Plain() with { Domains = [0, 1, 0], DomainNames = ["early", "late"] };
}
