// The service serves uPlot's module beside these files, under this name.
// oxlint-disable-next-line import/no-default-export -- it is what the module has
export { default } from "uplot";
