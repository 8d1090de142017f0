"""An entry of `slicer.modules`."""

from __future__ import annotations


class Module:
    """qSlicerAbstractCoreModule; for scripted modules also the `parent` of ScriptedLoadableModule."""

    WRITABLE = {"title", "categories", "dependencies", "contributors", "helpText", "acknowledgementText", "icon",
                "hidden", "associatedNodeTypes", "index", "widgetRepresentationCreationEnabled"}  # fmt: skip

    def __init__(self, name: str, path: str = "", logic=None) -> None:
        self.__dict__.update(name=name, path=path, title=name, categories=[], dependencies=[], contributors=[])
        self.__dict__.update(helpText="", acknowledgementText="", icon=None, hidden=False, associatedNodeTypes=[])
        self.__dict__.update(index=-1, widgetRepresentationCreationEnabled=True, _logic=logic, _widget=None)

    def __setattr__(self, name: str, value) -> None:
        if name not in self.WRITABLE and not name.startswith("_"):
            raise AttributeError(f"'{name}' does not exist on qSlicerScriptedLoadableModule or is not writable")
        self.__dict__[name] = value

    def logic(self):
        return self._logic

    def widgetRepresentation(self):
        """The module's panel, made at the first call."""
        if self._widget is None and self.path and self.widgetRepresentationCreationEnabled:
            self._widget = self.createNewWidgetRepresentation()
        return self._widget

    def createNewWidgetRepresentation(self):
        import slicer

        widget = slicer.qSlicerScriptedLoadableModuleWidget()
        widget._module_name = self.name
        widget.setMRMLScene(slicer.mrmlScene)
        widget.setup()
        return widget
